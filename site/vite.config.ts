/** How the demo site is built: several pages, static files, nothing inline that a content security policy would forbid. */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";
import { pageParts } from "./page-parts.ts";
import { trackerAlias } from "./tracker-alias.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: UserConfig = defineConfig({
  root: here("."),
  base: "/",
  plugins: [pageParts()],
  // The package as it is published; a site of its own would have it from npm.
  resolve: { alias: trackerAlias(here("../dist/tracker")) },
  build: {
    outDir: here("../dist/site"),
    emptyOutDir: true,
    target: "es2022",
    // light-dark() and nesting stay as written.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: {
        home: here("index.html"),
        plans: here("plans/index.html"),
        journal: here("journal/index.html"),
        contours: here("journal/reading-contours/index.html"),
        paths: here("journal/every-path/index.html"),
        about: here("about/index.html"),
        privacy: here("privacy.html"),
        missing: here("404.html"),
      },
    },
  },
  server: { port: 3000, strictPort: true, host: "localhost" },
});

export default config;
