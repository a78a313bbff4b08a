/** Makes docs/reference/doctor.md from the checklist and the checks. */
import { doctorCommand } from "../cmd/doctor.ts";
import { CHECKS } from "../src/doctor/catalogue.ts";
import type { Check, Severity } from "../src/doctor/check.ts";
import { CHECKLIST, type Line, type Section } from "../src/doctor/checklist.ts";
import { INPUT_FLAGS, type InputName } from "../src/doctor/inputs.ts";
import { listOf, page, table } from "./markdown-page.ts";

const SEVERITY_MEANINGS: Readonly<Record<Severity, string>> = {
  critical: "loses events or leaks data now",
  high: "will do so, or leaves a box of the checklist open that guards against it",
  medium: "weakens the deployment",
  low: "is untidy",
};

/** The whole page. */
export function doctorPage(): string {
  return page("The doctor", [
    "`passerby doctor` holds the production checklist against a deployment: it looks at the files, at what answers on the network, and at the data, shows what it saw, and says what to do. A box that could not be looked at is told as skipped, with the flag that would allow it; none is passed in silence.",
    "```sh\npasserby doctor                                   # the files of deploy/ in this folder\npasserby doctor --url https://metrics.example.com --site https://example.com\npasserby doctor --fix                             # offers what it can mend, one diff at a time\npasserby doctor --url https://metrics.example.com --watch 15m\npasserby doctor --markdown > checklist.md\n```",
    ...usageParts(),
    "## The checks",
    "A check that means nothing without another one is skipped until that one is mended, so that one fault is told once. Corrections are where the list that people pass around is wrong.",
    ...CHECKLIST.flatMap(sectionParts),
  ]);
}

function usageParts(): readonly string[] {
  const flags = doctorCommand().options.map(({ flags: names, description, defaultValue }) => [
    `\`${names}\``,
    typeof defaultValue === "string" ? `${description} (default: ${defaultValue})` : description,
  ]);
  return [
    "## Flags",
    table(["flag", "meaning"], flags),
    "## What it says",
    table(
      ["verdict", "meaning", "in Markdown"],
      [
        ["pass", "seen to be so", "`[x]`"],
        ["warn", "works, but not as the checklist asks or as we advise", "`[~]`"],
        ["fail", "is not so", "`[ ]`"],
        ["skipped", "could not be seen; the reason says what would allow it", "`[~]`"],
      ],
    ),
    `What a finding costs: ${Object.entries(SEVERITY_MEANINGS)
      .map(([severity, meaning]) => `\`${severity}\` ${meaning}`)
      .join("; ")}. The end of the report says what to do now, the worst first.`,
    table(
      ["exit code", "meaning"],
      [
        ["0", "nothing failed; there may be warnings"],
        ["1", "something failed; with `--watch`: at any time"],
        ["2", "wrong usage, nothing could be looked at, or a check itself broke"],
      ],
    ),
    "`--json`, `--markdown` and `--junit` (a suite a section, a case a check; a warning is a case that passed) print the same findings. Secrets are masked, of a file of variables only lines that change are shown.",
    "## Mending",
    "`--fix` offers the changes that are safe: each keeps every choice of yours but the one found wrong. It shows the diff, asks, and writes the file as a whole with its mode and owner; the old one stays beside it as `FILE.bak-` and the time in UTC. After each change it looks at the files again. A file that has changed since it was read is left alone. Without a terminal nothing is changed, unless `--yes` says so. It restarts and reloads nothing.",
    "## Watching",
    "`--watch 15m` looks again every minute (`--every`), reads everything anew, and prints what has another verdict or evidence than before; with `--json` as a line of JSON each, and at the end one with `exit_code`. What visitors can feel, and `npm test`, is done in the first look only. It ends with the worst of each check, also after Ctrl-C.",
    "## What it changes",
    "Files only with `--fix`. On a running deployment it stores the events of a smoke test, which no answer counts; `--load` sends a short burst of requests, `--rehearse` pulls each rollback lever and puts it back. It never prints a secret or an address of a visitor. `GITHUB_TOKEN` and `GITHUB_API_URL` are read from the environment for `--github`.",
  ];
}

function sectionParts({ section, title, lines }: Section): readonly string[] {
  return [`### ${section}. ${title}`, ...lines.flatMap(lineParts)];
}

function lineParts({ line, asks, correction }: Line): readonly string[] {
  const checks = CHECKS.filter((check) => check.line === line);
  return [
    `**${line} ${asks}.**${correction === undefined ? "" : ` Correction: ${correction}`}`,
    checks.length === 0 ? "No check yet." : table(["check", "asks", "how", "remedy", "looks at"], checks.map(checkRow)),
  ];
}

function checkRow({ id, severity, asks, how, remedy, needs, may = [] }: Check): readonly string[] {
  const inputs = (names: readonly InputName[]): string =>
    listOf(names.map((name) => INPUT_FLAGS[name].split(" (")[0] ?? name));
  const looksAt = [inputs(needs), may.length === 0 ? "" : `if given ${inputs(may)}`].filter((one) => one !== "");
  return [`\`${id}\` (${severity})`, plain(asks), plain(how), plain(remedy), looksAt.join("; ")];
}

/** Sentences may or may not end in a stop; in a cell they do not. */
function plain(text: string): string {
  return text.replace(/\.$/, "").replaceAll("<", "&lt;");
}
