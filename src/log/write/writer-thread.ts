/** The thread that owns the active file: it takes one message at a time and answers each when the disk has. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../clock.ts";
import { describeError, systemErrorCode } from "../../errors.ts";
import { countTornLines } from "../files/quarantine.ts";
import { ActiveFile, type ActiveFileOptions } from "./active-file.ts";

export type WriterOptions = Omit<ActiveFileOptions, "onWarning" | "monotonicMs">;

/** `commit` hands over `buffer`, whose first `bytes` are whole lines, the first of them received on the UTC day `day`. */
export type ToWriter =
  | { readonly kind: "commit"; readonly buffer: Uint8Array<ArrayBuffer>; readonly bytes: number; readonly day: string }
  | { readonly kind: "probe" }
  | { readonly kind: "seal" }
  | { readonly kind: "close" };

/**
 * `ready` answers the start and a probe, `committed` and `failed` give the buffer back, `sealed` and `not_sealed` answer a
 * seal; `code` is the system's.
 */
export type FromWriter =
  | {
      readonly kind: "ready";
      readonly file: string;
      readonly fileBytes: number;
      /** UTC day on which the first line of the file was received; undefined for an empty one. */
      readonly fileDay: string | undefined;
      readonly tornLines: number;
    }
  | { readonly kind: "not_ready"; readonly message: string; readonly code: string | undefined }
  | {
      readonly kind: "committed";
      readonly buffer: Uint8Array<ArrayBuffer>;
      readonly file: string;
      readonly fileBytes: number;
      readonly fileDay: string | undefined;
      /** Milliseconds that the sync took; null where commits are not synced. */
      readonly syncMs: number | null;
    }
  | {
      readonly kind: "failed";
      readonly buffer: Uint8Array<ArrayBuffer>;
      readonly message: string;
      readonly code: string | undefined;
    }
  | { readonly kind: "sealed"; readonly shard: string | undefined; readonly file: string; readonly fileBytes: number }
  | { readonly kind: "not_sealed"; readonly message: string }
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
      const { name: file, bytes: fileBytes, day: fileDay } = active;
      answer({ kind: "ready", file, fileBytes, fileDay, tornLines });
    } catch (error) {
      answer({ kind: "not_ready", message: describeError(error), code: systemErrorCode(error) });
    }
  };

  const commit = ({ buffer, bytes, day }: Extract<ToWriter, { readonly kind: "commit" }>): void => {
    try {
      active.commit(buffer.subarray(0, bytes), day);
      const { name: file, bytes: fileBytes, day: fileDay, syncMs } = active;
      answer({ kind: "committed", buffer, file, fileBytes, fileDay, syncMs }, [buffer.buffer]);
    } catch (error) {
      const message = describeError(error);
      answer({ kind: "failed", buffer, message, code: systemErrorCode(error) }, [buffer.buffer]);
    }
  };

  const seal = (): void => {
    try {
      const shard = active.seal();
      answer({ kind: "sealed", shard, file: active.name, fileBytes: active.bytes });
    } catch (error) {
      answer({ kind: "not_sealed", message: describeError(error) });
    }
  };

  port.on("message", (message: ToWriter) => {
    if (message.kind === "commit") return commit(message);
    if (message.kind === "seal") return seal();
    if (message.kind === "probe") return makeReady(() => active.probe());
    active.close();
    answer({ kind: "closed" });
    port.close();
  });
  makeReady(() => active.open());
}

if (parentPort) run(workerData, parentPort);
