/** How the page is built: into `dist`, from where the gateway embeds it. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // sockjs-client asks for Node's name of it.
  define: { global: 'globalThis' },
  resolve: { conditions: ['sluice:source', 'module', 'browser', 'development|production'] },
  // The page's Content-Security-Policy allows neither inline scripts nor data: addresses.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/ws': { target: 'ws://127.0.0.1:8080', ws: true }, '/demo': 'http://127.0.0.1:8080' } },
  test: { include: ['test/**/*.test.ts'] },
});
