/** The trackers that are compared, each built into one minified script as a page would load it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { type AllSizes, buildTracker, type ScriptSizes } from "../../scripts/build-tracker.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Tracker = {
  readonly name: string;
  /** Files of its scripts. */
  readonly scripts: readonly string[];
  /** Tags that start it against a collector. */
  readonly tags: (collectorUrl: string) => string;
  /** The call that tracks an event whose name is in `name`. */
  readonly trackCall: string;
  /** How its request for a page view can be told. */
  readonly pageView: RegExp;
};

/** What a page costs that loads a script in which nothing is. */
const NOTHING: Tracker = {
  name: "an empty script (reference)",
  scripts: ["empty.js"],
  tags: () => '<script defer src="/empty.js"></script>',
  trackCall: "",
  pageView: /(?!)/,
};

/** What every tracker does at least. */
const ONE_REQUEST: Tracker = {
  name: "a script with one fetch (reference)",
  scripts: ["fetch.js"],
  tags: (collectorUrl) => `<script>collectorUrl = "${collectorUrl}"</script><script defer src="/fetch.js"></script>`,
  trackCall: "send(name)",
  pageView: /page_view/,
};

const PASSERBY: Tracker = {
  name: "Passerby",
  scripts: ["passerby.js"],
  tags: (collectorUrl) => `<script defer src="/passerby.js" data-api="${collectorUrl}"></script>`,
  trackCall: "passerby.track(name)",
  pageView: /"page_view"/,
};

const WITH_VITALS: Tracker = {
  ...PASSERBY,
  name: "Passerby with vitals and errors",
  scripts: ["passerby.js", "passerby-vitals.js", "passerby-errors.js"],
  tags: (collectorUrl) =>
    `<script defer src="/passerby-errors.js"></script>${PASSERBY.tags(collectorUrl)}<script defer src="/passerby-vitals.js"></script>`,
};

const PLAUSIBLE: Tracker = {
  name: "@plausible-analytics/tracker",
  scripts: ["plausible.js"],
  // Without the second name it would send nothing from a browser that is driven.
  tags: (collectorUrl) =>
    `<script>collectorUrl = "${collectorUrl}"; __plausible = true</script><script defer src="/plausible.js"></script>`,
  trackCall: "trackEvent(name)",
  pageView: /"pageview"/,
};

const POSTHOG: Tracker = {
  name: "posthog-js",
  scripts: ["posthog.js"],
  tags: (collectorUrl) => `<script>collectorUrl = "${collectorUrl}"</script><script defer src="/posthog.js"></script>`,
  trackCall: "trackEvent(name)",
  pageView: /"\$pageview"/,
};

/** What is put on a page, first of all the references. */
export const TRACKERS: readonly Tracker[] = [NOTHING, ONE_REQUEST, PASSERBY, WITH_VITALS, PLAUSIBLE, POSTHOG];

/** Sources of the scripts that come from packages, with the settings that their READMEs begin with. */
const SOURCES: Readonly<Record<string, string>> = {
  "empty.js": "",
  "fetch.js": `window.send = (body) => fetch(collectorUrl, { method: "POST", body, keepalive: true });
    send("page_view");`,
  "plausible.js": `import { init, track } from "@plausible-analytics/tracker";
    init({ domain: "example.com", endpoint: collectorUrl + "/api/event", captureOnLocalhost: true });
    window.trackEvent = (name) => track(name, {});`,
  "posthog.js": `import posthog from "posthog-js";
    posthog.init("phc_bench", { api_host: collectorUrl, defaults: "2025-05-24", opt_out_useragent_filter: true });
    window.trackEvent = (name) => posthog.capture(name);`,
  "web-vitals.js": `import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
    for (const observe of [onCLS, onFCP, onINP, onLCP, onTTFB]) observe(window.report);`,
};

/** Builds all scripts into a folder and returns their sizes; ours come first. */
export async function buildScripts(folder: string): Promise<AllSizes> {
  const ours = join(folder, "tracker");
  await buildTracker(ours);
  mkdirSync(folder, { recursive: true });
  const sizes: Record<string, ScriptSizes> = JSON.parse(readFileSync(join(ours, "sizes.json"), "utf8"));
  for (const file of Object.keys(sizes)) writeFileSync(join(folder, file), readFileSync(join(ours, file)));
  for (const [file, contents] of Object.entries(SOURCES)) {
    const outfile = join(folder, file);
    await build({
      stdin: { contents, resolveDir: ROOT },
      ...{ outfile, bundle: true, minify: true, format: "iife", target: "es2021", legalComments: "none" },
    });
    if (contents.includes("import")) sizes[file] = measure(readFileSync(outfile));
  }
  return sizes;
}

function measure(script: Buffer): ScriptSizes {
  const gzip = gzipSync(script, { level: 9 }).length;
  return { bytes: script.length, gzip, brotli: brotliCompressSync(script).length };
}
