/** The client's tests: against a small STOMP server, and against the real gateway. */
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 15_000, hookTimeout: 30_000 },
});

export default config;
