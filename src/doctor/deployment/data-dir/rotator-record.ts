/** `rotator.json` for the doctor: what the last rotation was told to do, and what failed in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROTATOR_FILE, type RotatorHeartbeat, readRotatorState } from "../../../log/rotate/rotator-state.ts";
import { isRecord } from "../../probe/json-values.ts";
import { asText } from "../compose/compose-service.ts";

export type RotatorRecord = RotatorHeartbeat & {
  readonly path: string;
  readonly deleteAfterDays: number | undefined;
  readonly errors: readonly string[];
};

/** Reads it; undefined where there is none or it cannot be understood. */
export function readRotatorRecord(dataDir: string): RotatorRecord | undefined {
  const heartbeat = readRotatorState(dataDir);
  if (heartbeat === undefined) return undefined;
  const path = join(dataDir, ROTATOR_FILE);
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  const flags = isRecord(value) && isRecord(value["flags"]) ? value["flags"] : {};
  const errors = isRecord(value) && Array.isArray(value["errors"]) ? value["errors"] : [];
  const days = Number(asText(flags["delete_after_days"]));
  return {
    ...heartbeat,
    path,
    deleteAfterDays: Number.isNaN(days) ? undefined : days,
    errors: errors.map((error: unknown) => String(error)),
  };
}
