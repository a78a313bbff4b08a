/** Entry of a worker process: it waits for what to start with, does what the main process tells, and ends with it. */
import { describeError, PasserbyError } from "../../errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { type RunningWorker, startWorker } from "./worker.ts";

/** `then` is called when the message is on its way; never, when nobody listens any more: then this process ends, too. */
function tell(message: FromWorker, then?: () => void): void {
  if (process.connected) process.send?.(message, undefined, {}, () => then?.());
}

async function start(message: Extract<ToWorker, { kind: "start" }>): Promise<RunningWorker | undefined> {
  try {
    return await startWorker(message.start, tell);
  } catch (error) {
    const known = error instanceof PasserbyError ? error : undefined;
    const text = known?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
    tell({ kind: "failed", code: known?.code ?? "internal_error", message: text }, () => process.exit(1));
    return undefined;
  }
}

async function seal(worker: RunningWorker | undefined, request: number): Promise<void> {
  try {
    const shard = await worker?.seal();
    tell({ kind: "sealed", request, shards: shard === undefined ? [] : [shard], message: "" });
  } catch (error) {
    tell({ kind: "sealed", request, shards: undefined, message: describeError(error) });
  }
}

async function forget(
  worker: RunningWorker | undefined,
  { request, idsFile }: Extract<ToWorker, { kind: "forget" }>,
): Promise<void> {
  try {
    const ids = await worker?.forgetIds(idsFile);
    tell({ kind: "forgotten", request, ids, message: "it has not started" });
  } catch (error) {
    tell({ kind: "forgotten", request, ids: undefined, message: describeError(error) });
  }
}

let running: Promise<RunningWorker | undefined> | undefined;

process.on("message", async (message: ToWorker) => {
  if (message.kind === "start") running ??= start(message);
  const worker = await running;
  if (message.kind === "drain") {
    await worker?.drain();
    tell({ kind: "drained" });
  } else if (message.kind === "close") {
    await worker?.close();
    process.exit(0);
  } else if (message.kind === "seal") await seal(worker, message.request);
  else if (message.kind === "forget") await forget(worker, message);
  else worker?.obey(message);
});
// A terminal signals all processes of a group; the main process tells when to drain and when to seal.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("SIGHUP", () => undefined);
// A writer without the owner of its folder must not go on: the next owner would open the same file.
process.on("disconnect", () => process.exit(1));
