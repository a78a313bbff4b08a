/**
 * Rotates beside a running server where no `passerby rotate` does: the same run by the same rules, every 5 minutes, in a
 * process of its own and of low priority, so that acknowledging never waits for it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describeError } from "../../errors.ts";
import { isRotationClaimed } from "../../log/owner/ownership.ts";
import type { RotationPolicy } from "../../log/rotate/plan.ts";
import type { ServerLog } from "../health/server-log.ts";
import type { RotationOrder, RotationOutcome } from "./rotate-main.ts";

const INTERVAL_SECONDS = 300;
/** Not at once: a start has other work, and one that fails soon after has no use of it. */
const FIRST_AFTER_MS = 60_000;
/** How long a run that is told to end has for the step that it is at. */
const STOP_MS = 10_000;
const MEBIBYTE = 1_048_576;
/** What `passerby rotate` does when it is not told otherwise. */
const DEFAULT_POLICY = { gzipAfterDays: 3, compress: "gzip" } as const;

export type RotatingOptions = {
  readonly dataDir: string;
  readonly retentionDays: number;
  readonly maxShardMb: number;
  readonly serverLog: Pick<ServerLog, "info" | "warn">;
  /** Milliseconds until the first run; default 60,000. */
  readonly firstAfterMs?: number;
};

/** Starts rotating; returns what ends it, with the run that is under way. */
export function startRotating(options: RotatingOptions): () => Promise<void> {
  const { dataDir, retentionDays, maxShardMb, serverLog, firstAfterMs = FIRST_AFTER_MS } = options;
  const maxBytes = maxShardMb * MEBIBYTE;
  const policy: RotationPolicy = { ...DEFAULT_POLICY, deleteAfterDays: retentionDays, maxBytes };
  const tell = createTeller(serverLog);
  let child: ChildProcess | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  const rotate = async (): Promise<void> => {
    if ((await isRotationClaimed(dataDir)) || isStopped) return;
    child = startProcess();
    tell(await runIn(child, { dataDir, policy, intervalSeconds: INTERVAL_SECONDS }));
  };
  let timer = setTimeout(begin, firstAfterMs);
  function begin(): void {
    running = rotate()
      .catch((error: unknown) => tell({ failure: describeError(error), isBusy: false }))
      .finally(() => {
        child = undefined;
        if (!isStopped) timer = setTimeout(begin, INTERVAL_SECONDS * 1_000);
      });
  }
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    const last = child;
    if (last?.connected) last.disconnect();
    // A rotator may be killed at any of its steps: a server that stops does not wait for one that hangs.
    const kill = setTimeout(() => last?.kill("SIGKILL"), STOP_MS);
    await running;
    clearTimeout(kill);
  };
}

function startProcess(): ChildProcess {
  // Sources run as they are; a build puts the bundle of the other process beside its own.
  const file = import.meta.url.endsWith(".ts") ? "./rotate-main.ts" : "./rotate-main.js";
  return fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

/** Resolves when the process has ended; undefined where it was stopped before it told. */
async function runIn(child: ChildProcess, order: RotationOrder): Promise<RotationOutcome | undefined> {
  let outcome: RotationOutcome | undefined;
  child.on("message", (told: RotationOutcome) => {
    outcome = told;
  });
  // Not "close", which never comes for a process that was hung up on.
  const ended = once(child, "exit");
  child.send(order, () => undefined); // One that has ended cannot be told; its end says so.
  await ended;
  if (child.connected) await once(child, "disconnect"); // What it told before its end has been read then.
  return outcome;
}

/** Writes each failure once, for as long as it stays the same, and what was done only where something was. */
function createTeller(serverLog: RotatingOptions["serverLog"]): (outcome: RotationOutcome | undefined) => void {
  let last = "";
  return (outcome) => {
    if (outcome === undefined || ("isBusy" in outcome && outcome.isBusy)) return;
    const troubles = "report" in outcome ? [...outcome.report.errors, ...outcome.report.warnings] : [outcome.failure];
    const trouble = troubles.join("; ");
    if (trouble !== "" && trouble !== last) serverLog.warn(`the rotator: ${trouble}`);
    last = trouble;
    if (!("report" in outcome)) return;
    const { counts, bytes } = outcome.report;
    if (Object.values(counts).some((count) => count > 0)) serverLog.info("rotated", { ...counts, ...bytes });
  };
}
