/** What the check of the rotator's unit finds out: that passerby rotate takes its command, goes on, and deletes when it was promised. */
import { type Finding, fail, pass, skip } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { splitWords } from "../compose/command-words.ts";
import { effectOfRetention, type RotateCommand, readRotateCommand, refusalOf } from "../rotation/rotate-command.ts";
import { findUnits, type Unit } from "./unit-file.ts";

/** Does each unit that runs passerby rotate run it so that it does its work? */
export async function judgeRotateUnit(given: Given): Promise<Finding> {
  const rotators = findUnits(await given.need("repo")).flatMap((unit) => {
    const command = rotateCommandOf(unit);
    return command === undefined ? [] : [{ unit, command }];
  });
  if (rotators.length === 0) return skip("no unit of systemd in the repository runs passerby rotate");
  const known = await given.options.flagsOf("rotate");
  const days = (await given.may("settings"))?.settings.retentionDays;
  const judged = rotators.map(({ unit, command }) => ({
    evidence: { what: "ExecStart", found: unit.valueOf("ExecStart") ?? "", where: unit.whereIs("ExecStart") },
    problem: problemOf(unit, command, known) ?? retentionProblem(command, days),
  }));
  const wrong = judged.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return pass(...judged.map(({ evidence }) => evidence));
  return fail(
    wrong.map(({ evidence }) => evidence),
    { text: [...new Set(wrong.map(({ problem }) => problem))].join(" ") },
  );
}

/** What systemd puts in for a variable is not known here: a flag of such a value is taken as good. */
function rotateCommandOf(unit: Unit): RotateCommand | undefined {
  const words = splitWords(unit.valueOf("ExecStart") ?? "");
  if (!words.includes("rotate")) return undefined;
  const command = readRotateCommand({ words, environment: new Map() });
  return { ...command, flags: new Map([...command.flags].filter(([, value]) => !value.includes("$"))) };
}

function problemOf(unit: Unit, command: RotateCommand, known: readonly string[]): string | undefined {
  const refusal = refusalOf(command, known);
  if (refusal !== undefined) return `It ends at once: ${refusal}.`;
  if (command.flags.has("--dry-run") || command.flags.has("--help")) {
    return "It changes nothing: take --dry-run or --help out.";
  }
  // A timer starts a unit of this type again and again.
  if (!command.flags.has("--once") || unit.valueOf("Type") === "oneshot") return undefined;
  return "It ends after one run: take --once out, or let a timer start it with Type=oneshot.";
}

function retentionProblem({ flags, deleteAfterDays }: RotateCommand, days: number | undefined): string | undefined {
  if (!flags.has("--delete-after-days") || days === undefined || deleteAfterDays === days) return undefined;
  const effect = effectOfRetention(deleteAfterDays, days);
  return `${effect}: METRICS_RETENTION_DAYS is ${days}. Take --delete-after-days out, and give both units the same variable.`;
}
