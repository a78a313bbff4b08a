/** The collector's answers as the panel shows them; a field of another shape is treated as absent. */
import { isObject, listOf, numberOf, parseObject, textOf } from "../read-json.ts";

/** `GET /api/metrics/config`. */
export type RunTimeConfig = {
  /** False while the brake stops the trackers. */
  readonly isEnabled: boolean;
  /** The share of visitors that the operator has set; undefined while it is left to the page. */
  readonly sampleRate: number | undefined;
  /** This visitor's bucket, 0 to 65,535. */
  readonly bucket: number | undefined;
};

export type SnapshotEvent = {
  readonly name: string;
  /** ISO 8601; without a token cut to the minute. */
  readonly time: string;
  /** The whole event with a token, three fields without. */
  readonly fields: Readonly<Record<string, unknown>>;
};

/** `GET /api/metrics/behavior`. */
export type Snapshot = {
  readonly total: number;
  readonly byEvent: readonly { readonly name: string; readonly count: number }[];
  /** Newest first. */
  readonly lastEvents: readonly SnapshotEvent[];
  readonly fileBytes: number | undefined;
  /** Told only to who has a token. */
  readonly receivedLastMinute: number | undefined;
};

/** Reads the run-time config. */
export function parseConfig(text: string): RunTimeConfig {
  const answer = parseObject(text);
  return {
    isEnabled: answer["enabled"] !== false,
    sampleRate: numberOf(answer["sample_rate"]),
    bucket: numberOf(answer["u"]),
  };
}

/** Reads the snapshot. */
export function parseSnapshot(text: string): Snapshot {
  const answer = parseObject(text);
  return {
    total: numberOf(answer["total"]) ?? 0,
    byEvent: listOf(answer["by_event"])
      .filter(isObject)
      .map((row) => ({ name: textOf(row["event"]), count: numberOf(row["count"]) ?? 0 })),
    lastEvents: listOf(answer["last_events"])
      .filter(isObject)
      .map((fields) => ({ name: textOf(fields["event"]), time: textOf(fields["timestamp"]), fields })),
    fileBytes: numberOf(answer["file_size_bytes"]),
    receivedLastMinute: numberOf(answer["received_last_minute"]),
  };
}
