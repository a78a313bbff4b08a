/** `passerby snippet`: prints the tags that put the tracker on a site, also with the hash of what they may load. */
import { Command } from "commander";
import type { Settings } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";
import { readTrackerScripts, type TrackerScript } from "../src/server/routes/tracker-scripts.ts";
import { distDir } from "./dist-dir.ts";
import { commandSettings } from "./settings.ts";

type Flags = { site?: string; url?: string; with: readonly string[]; config?: string; json?: boolean };

/** A tag for each script, in order: one that follows the collector's updates, and one that runs this build only. */
type Snippet = { readonly script: string; readonly integrity: string; readonly plain: string; readonly pinned: string };

/** The first event has an id only where this comes before the core. */
const BEFORE = "identity";

const HELP = `
A pinned tag bears the hash of the script (Subresource Integrity): the browser runs this very build or nothing. After an
update of the collector that changes the script, a pinned page counts nothing until it has the new tag. The plain tag
needs no care: browsers have the new script within the hour.

Exit codes:
  0  printed
  2  wrong usage, or the tracker is not built

Examples:
  passerby snippet --site example.com --url https://metrics.example.com
  passerby snippet --url https://example.com/stats
  passerby snippet --json`;

/** Makes the subcommand. */
export function snippetCommand(): Command {
  return new Command("snippet")
    .description("print the tag that puts the tracker on a site, plain and pinned by its hash")
    .option("--site <site>", "name of the site (default: the collector goes by the page's host)")
    .option("--url <url>", "where browsers reach the collector (default: HOST and PORT of this machine)")
    .option("--with <names...>", "also the scripts passerby-<name>.js", [])
    .option("--config <file>", "file of NAME=value lines; the environment wins over it")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((flags: Flags) => printSnippet(flags));
}

function printSnippet(flags: Flags): void {
  if (flags.site !== undefined && !/^[a-z\d.-]{1,253}$/.test(flags.site)) {
    const allowed = "give the name of a site as in METRICS_SITES, such as example.com";
    throw new PasserbyError("setting_invalid", `--site ${flags.site} is not allowed: ${allowed}`);
  }
  const baseUrl = readBaseUrl(flags.url ?? localUrl(commandSettings({}, flags.config)));
  const snippets = chooseScripts(flags.with).map((script) => writeTags(script, baseUrl, flags.site));
  if (flags.json) {
    console.log(JSON.stringify(snippets));
    return;
  }
  console.log(`Follows updates of the collector:\n\n${snippets.map(({ plain }) => plain).join("\n")}`);
  console.log(`\nPinned, runs this build only:\n\n${snippets.map(({ pinned }) => pinned).join("\n")}`);
}

function localUrl({ host, port }: Settings): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Returns the address without a slash at its end. */
function readBaseUrl(text: string): string {
  const url = URL.parse(text);
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && `${url.search}${url.hash}${url.username}` === "";
  if (isAddress) return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  throw new PasserbyError(
    "setting_invalid",
    `--url ${text} is not allowed: give one such as https://example.com/stats`,
  );
}

function chooseScripts(names: readonly string[]): readonly TrackerScript[] {
  const scripts = readTrackerScripts(distDir());
  const more = names.filter((name) => name !== BEFORE);
  const chosen = [...names.filter((name) => name === BEFORE), "full", ...more];
  return chosen
    .map((name) => `passerby-${name}.js`)
    .map((file) => {
      const found = scripts.find((script) => script.file === file);
      if (found !== undefined) return found;
      const built = scripts.map((script) => script.file).join(", ") || "nothing";
      throw new PasserbyError("input_unreadable", `there is no script ${file}: built is ${built}; see npm run build`);
    });
}

function writeTags({ file, pinnedFile, integrity }: TrackerScript, baseUrl: string, site: string | undefined): Snippet {
  const isCore = file === "passerby-full.js";
  const { origin, pathname } = new URL(baseUrl);
  // A collector below a path cannot be known by the origin that its script came from.
  const api = isCore && pathname !== "/" ? ` data-api="${origin}${pathname}"` : "";
  const ofSite = isCore && site !== undefined ? ` data-site="${site}"` : "";
  const pin = ` integrity="${integrity}" crossorigin="anonymous"`;
  return {
    script: file,
    integrity,
    plain: `<script defer src="${baseUrl}/${file}"${api}${ofSite}></script>`,
    pinned: `<script defer src="${baseUrl}/${pinnedFile}"${pin}${api}${ofSite}></script>`,
  };
}
