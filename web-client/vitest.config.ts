/** The client's tests: against a small STOMP server, and against the real gateway. */
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import type { Carrier } from './test/support/carrier.ts';

/** The tests of what must be the same whatever carries it. */
const CARRIED = ['test/client.test.ts', 'test/conversation.test.ts', 'test/gateway.test.ts'];

function carriedBy(carrier: Carrier, include: string[]) {
  return { extends: true as const, test: { name: carrier, include, provide: { carrier } } };
}

const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 15_000,
    hookTimeout: 30_000,
    projects: [
      carriedBy('websocket', ['test/**/*.test.ts']),
      carriedBy('xhr-streaming', CARRIED),
      carriedBy('xhr-polling', CARRIED),
    ],
  },
});

export default config;
