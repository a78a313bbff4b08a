/** `passerby rotate --pause|--resume`: holds the rotators of a data directory, and says what that means for old files. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { readAsker } from "../src/change-note.ts";
import { systemClock } from "../src/clock.ts";
import { PasserbyError } from "../src/errors.ts";
import { pauseRotation } from "../src/log/rotate/pause-rotation.ts";
import { readFor, readReason } from "./brake-flags.ts";
import { rotatorJson, rotatorLines } from "./lever-report.ts";

export type PauseFlags = { pause?: boolean; resume?: boolean; for?: string; reason?: string; json?: boolean };

/** Adds the flags. */
export function addPauseFlags(command: Command): Command {
  return command
    .option("--pause", "hold every rotator of the data directory; nothing is deleted meanwhile")
    .option("--resume", "let them go on")
    .option("--for <time>", "with --pause: how long, such as 30m, 2h or 1d (default: until --resume)")
    .option("--reason <text>", "with --pause or --resume: why, shown by passerby brake status");
}

/** Throws `input_unreadable` where there is no data directory. */
export function requireFolder(dataDir: string): void {
  if (existsSync(dataDir)) return;
  throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}: give it with --data-dir`);
}

/** Pauses or resumes if the flags say so, prints what holds now, and returns whether they said so. */
export async function changePause(flags: PauseFlags, dataDir: string): Promise<boolean> {
  const paused = readWish(flags);
  if (paused === undefined) return false;
  const [forMs, why] = [readFor(flags.for), readReason(flags.reason)];
  requireFolder(dataDir);
  const who = readAsker();
  const { pause, isBusy } = await pauseRotation({ dataDir, clock: systemClock, paused, forMs, who, why });
  const told = { value: pause };
  const nowMs = systemClock.now();
  if (flags.json) console.log(JSON.stringify({ ...rotatorJson(told, nowMs), busy: isBusy }));
  else
    console.log([...rotatorLines(told, nowMs), ...(paused ? [SUSPENDED] : []), ...(isBusy ? [BUSY] : [])].join("\n"));
  return true;
}

const SUSPENDED =
  "WARNING: while it is paused nothing old is deleted. What METRICS_RETENTION_DAYS promises about the age of data does not " +
  "hold for files of the log.";
const BUSY = "Somebody still works on the shards: a run at a long step, which ends after it, or another command.";

/** True: pause; false: resume; undefined: neither. */
function readWish({ pause, resume, for: time, reason }: PauseFlags): boolean | undefined {
  const refuse = (message: string): never => {
    throw new PasserbyError("setting_invalid", message);
  };
  if (pause && resume) return refuse("--pause and --resume are opposites: give one of them");
  if (time !== undefined && !pause) return refuse("--for goes with --pause only");
  if (reason !== undefined && !pause && !resume) return refuse("--reason goes with --pause or --resume only");
  if (pause) return true;
  return resume ? false : undefined;
}
