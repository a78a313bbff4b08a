/** What trackers are told at run time, whoever asks (`GET /api/metrics/config`), with the tag that names it. */
import { createHash } from "node:crypto";
import type { BrakePosition } from "./control-state.ts";

export type TrackerConfig = {
  /** In the words of the wire; `u` is added for each visitor. */
  readonly body: {
    readonly enabled: boolean;
    /** Share of visitors to count; null leaves it to the build of the page. */
    readonly sample_rate: number | null;
    readonly max_batch: number;
    readonly flush_ms: number;
  };
  /** Changes when the body does; sent with every answer, so that a tracker notices without asking. */
  readonly etag: string;
};

/** Returns the config that a position of the trackers' brake stands for. */
export function trackerConfigFor(position: BrakePosition): TrackerConfig {
  const body = {
    enabled: position !== "on",
    sample_rate: typeof position === "number" ? position : null,
    max_batch: 50,
    flush_ms: 5000,
  };
  return { body, etag: entityTag(body) };
}

/** Returns a strong entity tag (RFC 9110, section 8.8.3) of a JSON value. */
export function entityTag(value: unknown): string {
  return `"${createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16)}"`;
}
