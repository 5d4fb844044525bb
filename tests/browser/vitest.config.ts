/** The page in a real browser: where WebSockets get through, and where they are blocked. */
import { defineConfig } from 'vitest/config';
import type { Network } from './support/network.ts';

function on(network: Network) {
  return { extends: true as const, test: { name: network, include: ['*.test.ts'], provide: { network } } };
}

export default defineConfig({
  test: {
    // One browser at a time: they share the machine.
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [on('websocket'), on('blocked')],
  },
});
