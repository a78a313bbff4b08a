/** How the dashboard is built: static files that run under a content security policy without inline code. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const outDir = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

export default defineConfig({
  root,
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2023",
    // light-dark() and nesting stay as written: rewritten, the theme switch would need a rule for each colour.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // Both would put code or data into the page that the policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // Hexadecimal hashes can spell none of the words that blockers look for in an address.
        hashCharacters: "hex",
        entryFileNames: "assets/app-[hash].js",
        chunkFileNames: "assets/part-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8001" } },
});
