/** `passerby init`: sets up the files of a deployment for a domain, from four questions or from flags. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface, type Interface } from "node:readline/promises";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { PasserbyError } from "../src/errors.ts";
import { type Answers, readDomain, readOrigins, readRetentionDays, suggestDomain } from "../src/setup/answers.ts";
import { planComposeEnv, planCopies, planSite, planSystemdEnv } from "../src/setup/plan-deployment.ts";
import { type FileState, type PlannedFile, stateOf, writePlanned } from "../src/setup/planned-files.ts";
import { distDir } from "./dist-dir.ts";

type Flags = {
  site?: string;
  domain?: string;
  contact?: string;
  retentionDays?: string;
  systemd?: boolean;
  out: string;
  force?: boolean;
  dryRun?: boolean;
  json?: boolean;
};

type Planned = PlannedFile & { readonly state: FileState };

const HELP = `
Asks at a terminal for what no flag says. Writes deploy/.env (or deploy/passerby.env and deploy/nginx with --systemd), and for
the site deploy/site/ with the tag, the privacy page and the variables for Vite. In another folder than the repository the
compose file and the edge are put beside them. A file that is there and differs is replaced only with --force, and kept as a
copy; without it nothing at all is written.

Exit codes:
  0  written, or all was as it should be
  2  wrong usage, or a file is in the way

Examples:
  passerby init
  passerby init --site https://example.com --domain metrics.example.com --contact "privacy@example.com"
  passerby init --site example.com --systemd --out /srv/passerby --dry-run`;

/** Makes the subcommand. */
export function initCommand(): Command {
  return new Command("init")
    .description("set up the files of a deployment for a domain")
    .option("--site <origins>", "address of the site; several with commas")
    .option("--domain <name>", "host name of the collector (default: metrics.<site>)")
    .option("--contact <text>", "who is responsible, for the privacy page")
    .option("--retention-days <days>", "days that events are kept (default: 30)")
    .option("--systemd", "for machines without Docker")
    .option("--out <dir>", "folder to set up", ".")
    .option("--force", "replace files that differ; each is kept as a copy")
    .option("--dry-run", "say what would be written")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(init);
}

async function init(flags: Flags): Promise<void> {
  const source = findSource();
  const target = resolve(flags.out);
  const answers = await readAnswers(flags);
  const files = planFiles(source, target, answers, flags.systemd === true);
  const planned = files.map((file) => ({ ...file, state: stateOf(target, file) }));
  const inTheWay = planned.filter(({ state }) => state === "differs");
  if (inTheWay.length > 0 && !flags.force && !flags.dryRun) {
    const names = inTheWay.map(({ path }) => path).join(", ");
    throw new PasserbyError(
      "input_unreadable",
      `${names} ${inTheWay.length === 1 ? "is" : "are"} there and would change: --force replaces and keeps a copy, --dry-run says what would be written`,
    );
  }
  const written = flags.dryRun ? [] : planned.filter(({ state }) => state !== "same");
  const copies = written.map((file) => writePlanned(target, file, systemClock.now()));
  if (flags.json) {
    const shown = planned.map(({ path, state }) => ({ path, state }));
    console.log(JSON.stringify({ ...answers, contact: answers.contact ?? null, out: target, files: shown }));
    return;
  }
  console.log(listText(planned, copies));
  console.log(nextSteps(answers, flags.systemd === true));
}

/** The folder that `deploy/` is in: a checkout. The image does not have it. */
function findSource(): string {
  const source = resolve(distDir(), "..");
  if (existsSync(join(source, "deploy/.env.example"))) return source;
  throw new PasserbyError(
    "input_unreadable",
    `there is no deploy/ in ${source}: run passerby init in a checkout of the repository, as npm run passerby -- init`,
  );
}

function planFiles(source: string, target: string, answers: Answers, isSystemd: boolean): readonly PlannedFile[] {
  const siteName = new URL(answers.origins[0] ?? "").hostname.replace(/^www\./, "");
  const copies = source === target ? [] : planCopies(source, target);
  const own = isSystemd
    ? [planSystemdEnv(source, answers), ...planNginx(source, answers)]
    : [planComposeEnv(source, answers)];
  return [...copies, ...own, ...planSite(answers, siteName)];
}

/** nginx's files filled in, by the script that the guide calls. */
function planNginx(source: string, { domain, origins }: Answers): readonly PlannedFile[] {
  const folder = mkdtempSync(join(tmpdir(), "passerby-init-"));
  try {
    const { status, stderr } = spawnSync("sh", [join(source, "deploy/edge/fill.sh"), folder], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        ...{ EDGE_DOMAIN: domain, EDGE_COLLECTOR: "127.0.0.1:8001", ALLOWED_ORIGINS: origins.join(",") },
      },
    });
    if (status !== 0) throw new PasserbyError("setting_invalid", stderr.trim());
    return globSync("**/*.{conf,md}", { cwd: folder })
      .sort()
      .map((path) => ({ path: `deploy/nginx/${path}`, text: readFileSync(join(folder, path), "utf8"), mode: 0o644 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readAnswers(flags: Flags): Promise<Answers> {
  const isAsking = process.stdin.isTTY && process.stdout.isTTY && flags.json !== true;
  if (!isAsking && flags.site === undefined) {
    throw new PasserbyError(
      "setting_invalid",
      "--site is missing: give the address of the site (or run it at a terminal)",
    );
  }
  const terminal = isAsking ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  try {
    const ask = asker(terminal);
    const origins = await ask(flags.site, "Address of your site", "", readOrigins);
    const domain = await ask(flags.domain, "Host name of the collector", suggestDomain(origins), readDomain);
    const contact = await ask(
      flags.contact,
      "Who is responsible (shown on the privacy page; may be empty)",
      "",
      String,
    );
    const retentionDays = await ask(flags.retentionDays, "Days that events are kept", "30", readRetentionDays);
    return { origins, domain, contact: contact.trim() || undefined, retentionDays };
  } finally {
    terminal?.close();
  }
}

type Asker = <Value>(
  given: string | undefined,
  question: string,
  suggestion: string,
  read: (text: string) => Value,
) => Promise<Value>;

/** Takes what a flag says, else asks until the answer is good; without a terminal the suggestion is the answer. */
function asker(terminal: Interface | undefined): Asker {
  return async (given, question, suggestion, read) => {
    if (given !== undefined || terminal === undefined) return read(given ?? suggestion);
    for (;;) {
      const text = await terminal.question(suggestion === "" ? `${question}: ` : `${question} [${suggestion}]: `);
      try {
        return read(text.trim() === "" ? suggestion : text);
      } catch (error) {
        if (!(error instanceof PasserbyError)) throw error;
        console.log(`  ${error.message}`);
      }
    }
  };
}

function listText(planned: readonly Planned[], copies: readonly (string | undefined)[]): string {
  const counts = Map.groupBy(planned, ({ state }) => state);
  const shown = planned
    .filter(({ state }) => state !== "same")
    .map(({ path, state }) => `  ${path}${state === "differs" ? " (replaced)" : ""}`);
  const kept = copies.filter((copy) => copy !== undefined).map((copy) => `  the old one is ${copy}`);
  const same = counts.get("same")?.length ?? 0;
  return [...shown, ...kept, ...(same > 0 ? [`  ${same} files are as they should be`] : [])].join("\n");
}

function nextSteps({ domain, origins }: Answers, isSystemd: boolean): string {
  const [site = ""] = origins;
  const guide = isSystemd ? "docs/guide/deploy-systemd.md" : "docs/guide/deploy-docker.md";
  const files = isSystemd
    ? "--env deploy/passerby.env --nginx deploy/nginx/nginx.conf"
    : "--compose deploy/docker-compose.full.yml --env deploy/.env";
  return `
Next:
  1. Let ${domain} lead to this machine, get a certificate (docs/guide/tls.md), and start: ${guide}.
  2. Put deploy/site/snippet.html into the pages of ${site}, publish deploy/site/privacy.html, and link it in the footer.
  3. passerby doctor ${files} --url https://${domain} --site ${site}`;
}
