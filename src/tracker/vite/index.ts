/**
 * The Vite plugin, `passerby-tracker/vite`: puts the tracker into the pages of a site from the same variables that the
 * tracker reads, and promises that a build with a malformed one fails instead of counting nobody.
 */
import { resolve } from "node:path";
import { loadEnv, type Plugin, type UserConfig } from "vite";
import { type BuildSettings, readBuildSettings } from "./build-settings.ts";

/** Where a collector listens unless it is told otherwise. */
const LOCAL_COLLECTOR = "http://127.0.0.1:8001";
/** What the tracker asks for; below it the dev server answers nothing itself. */
const API_PATH = "/api/metrics";

export type PasserbyPluginOptions = {
  /** Name of the site as the collector knows it. Default: `VITE_METRICS_SITE`, else the page's host name. */
  readonly site?: string;
  /** False where the site's own code calls `start`. Default: true. */
  readonly inject?: boolean;
  /** Where `/api/metrics` goes in dev. Default: `VITE_API_BASE_URL` if it names a host, else `http://127.0.0.1:8001`. */
  readonly devCollector?: string;
};

/**
 * Makes the plugin. It throws, which ends the build with one line, for a variable that is malformed.
 *
 * ```ts
 * import { passerby } from "passerby-tracker/vite";
 * export default defineConfig({ plugins: [passerby({ site: "example.com" })] });
 * ```
 */
export function passerby({ site, inject = true, devCollector }: PasserbyPluginOptions = {}): Plugin {
  let settings: BuildSettings = {};
  let isDev = false;
  return {
    name: "passerby",
    config: (config, { mode, command, isPreview }) => {
      settings = readBuildSettings(readVariables(config, mode), site);
      isDev = command === "serve" && !isPreview;
      return isDev ? proxyApi(devCollector ?? settings.apiBaseUrl) : {};
    },
    // The entry for React says "use client" to servers that render components; for a site that has none, it means nothing.
    onLog: (_level, { code, message }) =>
      code === "MODULE_LEVEL_DIRECTIVE" && message.includes("passerby-tracker/react.js") ? false : undefined,
    transformIndexHtml: {
      // Before Vite looks for scripts, so that the import is bundled with the rest of the site.
      order: "pre",
      handler: () => {
        const code = writeStart(isDev ? { ...settings, apiBaseUrl: "" } : settings);
        return inject ? [{ tag: "script", attrs: { type: "module" }, children: code, injectTo: "head" }] : [];
      },
    },
  };
}

/** Reads the VITE_ variables of the environment and of the `.env` files, as Vite itself does after this. */
function readVariables({ root = ".", envDir = "." }: UserConfig, mode: string): Readonly<Record<string, string>> {
  return loadEnv(mode, envDir === false ? false : resolve(root, envDir), "VITE_");
}

/** In dev the tracker asks the page's own origin, so that nothing has to be allowed for it. */
function proxyApi(collector: string | undefined): UserConfig {
  const target = collector?.startsWith("http") ? collector : LOCAL_COLLECTOR;
  return {
    define: { "import.meta.env.VITE_API_BASE_URL": '""' },
    server: { proxy: { [API_PATH]: { target, changeOrigin: true } } },
  };
}

function writeStart(settings: BuildSettings): string {
  return `import { start } from "passerby-tracker";\nstart(${JSON.stringify(settings)});`;
}
