/** `passerby doctor --fix`: shows each change of a file, asks, writes it, and tells what is mended by it. */
import { createInterface } from "node:readline/promises";
import { systemClock } from "../src/clock.ts";
import type { Check } from "../src/doctor/check.ts";
import { listOffers, mend, type Offer } from "../src/doctor/fix/mend.ts";
import { type DoctorOptions, type InputName, openInputs } from "../src/doctor/inputs.ts";
import { diffOf } from "../src/doctor/report/unified-diff.ts";
import { type Result, runChecks } from "../src/doctor/run-checks.ts";

/** A change of a file changes what these say, and nothing else before somebody restarts or reloads what reads it. */
const FILES: readonly InputName[] = ["compose", "nginx", "env", "settings", "repo", "data_dir"];

/** Offers every edit; returns the results as they are afterwards. What it says goes to standard error. */
export async function mendByAsking(
  results: readonly Result[],
  options: DoctorOptions,
  isAsked: (check: Check) => boolean,
  isYes: boolean,
): Promise<readonly Result[]> {
  if (listOffers(results).length === 0) {
    say("Nothing that --fix could mend: the report has what to do by hand.\n");
    return results;
  }
  const offline = { ...options, url: undefined, site: undefined, prometheus: undefined, github: undefined };
  const polite = { ...offline, load: false, rehearse: false, runTests: false };
  const isOfFiles = ({ needs, may = [] }: Check): boolean =>
    needs.length > 0 && [...needs, ...may].every((name) => FILES.includes(name));
  const done = await mend(results, {
    decide: (offer) => decide(offer, isYes),
    lookAgain: () => runChecks(openInputs(polite), { isAsked: (check) => isAsked(check) && isOfFiles(check) }),
    onApplied: (_, { path, backup }) =>
      say(`changed ${path}${backup === undefined ? "" : `, the old one is ${backup}`}\n`),
    onRefused: ({ edit }, reason) => say(`not changed: ${edit.path}: ${reason}\n`),
    nowMs: systemClock.now,
  });
  say(`${done.applied} ${done.applied === 1 ? "change" : "changes"} made. `);
  say(done.mended.length === 0 ? "Nothing is mended by it.\n\n" : `Mended: ${done.mended.join(", ")}.\n\n`);
  if (done.applied > 0)
    say("Restart or reload what reads these files: docker compose up --detach, nginx -s reload.\n\n");
  return done.results;
}

async function decide({ edit, checkId }: Offer, isYes: boolean): Promise<boolean> {
  say(`\n${checkId}\n${diffOf(edit)}\n`);
  if (isYes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    say("not changed: nobody is there to ask; --yes makes the changes without asking\n");
    return false;
  }
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await questions.question(`Change ${edit.path}? [y/N] `)).trim());
  } finally {
    questions.close();
  }
}

function say(text: string): void {
  process.stderr.write(text);
}
