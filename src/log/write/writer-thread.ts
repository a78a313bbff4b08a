/** The thread that owns the active file: it takes one message at a time and answers each when the disk has. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../clock.ts";
import { describeError, systemErrorCode } from "../../errors.ts";
import { countTornLines } from "../files/quarantine.ts";
import { ActiveFile, type ActiveFileOptions } from "./active-file.ts";

export type WriterOptions = Omit<ActiveFileOptions, "onWarning" | "monotonicMs">;

/** `commit` hands over `buffer`, whose first `bytes` are whole lines. */
export type ToWriter =
  | { readonly kind: "commit"; readonly buffer: Uint8Array<ArrayBuffer>; readonly bytes: number }
  | { readonly kind: "probe" }
  | { readonly kind: "close" };

/** `ready` answers the start and a probe, `committed` and `failed` give the buffer back; `code` is the system's. */
export type FromWriter =
  | { readonly kind: "ready"; readonly file: string; readonly fileBytes: number; readonly tornLines: number }
  | { readonly kind: "not_ready"; readonly message: string; readonly code: string | undefined }
  | {
      readonly kind: "committed";
      readonly buffer: Uint8Array<ArrayBuffer>;
      readonly file: string;
      readonly fileBytes: number;
      /** Milliseconds that the sync took; null where commits are not synced. */
      readonly syncMs: number | null;
    }
  | {
      readonly kind: "failed";
      readonly buffer: Uint8Array<ArrayBuffer>;
      readonly message: string;
      readonly code: string | undefined;
    }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "closed" };

function run(options: WriterOptions, port: NonNullable<typeof parentPort>): void {
  const answer = (message: FromWriter, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  // A clock cannot be sent to a thread, and nothing is stored of this one: it times syncs only.
  const { monotonicMs } = systemClock;
  const onWarning = (message: string): void => answer({ kind: "warning", message });
  const active = new ActiveFile({ ...options, monotonicMs, onWarning });

  const makeReady = (prepare: () => void): void => {
    try {
      prepare();
      const tornLines = countTornLines(options.dataDir);
      answer({ kind: "ready", file: active.name, fileBytes: active.bytes, tornLines });
    } catch (error) {
      answer({ kind: "not_ready", message: describeError(error), code: systemErrorCode(error) });
    }
  };

  const commit = (buffer: Uint8Array<ArrayBuffer>, bytes: number): void => {
    try {
      active.commit(buffer.subarray(0, bytes));
      const { name: file, bytes: fileBytes, syncMs } = active;
      answer({ kind: "committed", buffer, file, fileBytes, syncMs }, [buffer.buffer]);
    } catch (error) {
      const message = describeError(error);
      answer({ kind: "failed", buffer, message, code: systemErrorCode(error) }, [buffer.buffer]);
    }
  };

  port.on("message", (message: ToWriter) => {
    if (message.kind === "commit") return commit(message.buffer, message.bytes);
    if (message.kind === "probe") return makeReady(() => active.probe());
    active.close();
    answer({ kind: "closed" });
    port.close();
  });
  makeReady(() => active.open());
}

if (parentPort) run(workerData, parentPort);
