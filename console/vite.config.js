import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const ROSTER = process.env.ROSTER_URL ?? 'http://localhost:3000';

export default defineConfig(({ command }) => ({
  // Relative, so that the console could be served below any prefix: the server makes the paths of index.html absolute.
  base: command === 'build' ? './' : '/console/',
  plugins: [react()],
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    reportCompressedSize: false,
    // The size of the first load is tested as it goes over the wire.
    chunkSizeWarningLimit: 1000,
  },
  // `npm run dev --workspace console`: everything but the console itself comes from a Roster that runs.
  server: { proxy: { '^/(?!console(/|$))': { target: ROSTER } } },
}));
