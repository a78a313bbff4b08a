/** What a run of the rotator would do, found out without changing anything. */
import type { Clock } from "../../clock.ts";
import { refuseHalfRestored } from "../files/half-restored.ts";
import { readImportKeeps } from "../files/import-keep.ts";
import { readManifest } from "../files/manifest.ts";
import { findFiles } from "./find-files.ts";
import { describePause, pauseInForce, readPause } from "./pause.ts";
import { planRotation, type RotationPolicy } from "./plan.ts";
import { listDue } from "./seal-due.ts";

export type PreviewRow = {
  readonly action: "seal" | "delete" | "measure" | "settle" | "compress";
  readonly file: string;
  readonly bytes: number;
  readonly why: string;
};

export type Preview = { readonly rows: readonly PreviewRow[]; readonly warnings: readonly string[] };

/** Plans a run in its order. Throws `log_damaged` for a manifest that cannot be read, `data_dir_unusable` for a folder that is half restored. */
export async function previewRotation(options: {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly policy: RotationPolicy;
}): Promise<Preview> {
  const { dataDir, clock, policy } = options;
  refuseHalfRestored(dataDir); // What the rest of the shards would change is not known yet.
  const due = await listDue({ dataDir, clock, maxBytes: policy.maxBytes });
  const imports = readImportKeeps(dataDir);
  const facts = { found: findFiles(dataDir), manifest: readManifest(dataDir), imports: imports.byShard };
  const plan = planRotation({ ...facts, nowMs: clock.now(), policy });
  const rows: readonly PreviewRow[] = [
    ...due.map(({ name, bytes, why }) => ({ action: "seal" as const, file: name, bytes, why })),
    ...plan.deletions.map(({ shard, files, bytes, why }) => {
      return { action: "delete" as const, file: files.join(", ") || (shard ?? ""), bytes, why };
    }),
    ...plan.measurements.map(({ file, bytes, why }) => ({ action: "measure" as const, file, bytes, why })),
    ...plan.settlements.map(({ found, bytes, why }) => ({ action: "settle" as const, file: found.shard, bytes, why })),
    ...plan.compressions.map(({ shard, bytes, why }) => ({ action: "compress" as const, file: shard, bytes, why })),
  ];
  const pause = pauseInForce(readPause(dataDir), clock.now());
  const paused = pause !== undefined ? [`none of this is done: ${describePause(pause)}`] : [];
  return { rows, warnings: [...paused, ...imports.warnings, ...plan.warnings] };
}
