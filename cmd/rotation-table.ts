/** What a run of the rotator did, in one line, and what one would do, as a table for a terminal. */
import type { Preview } from "../src/log/rotate/preview.ts";
import type { RotationReport } from "../src/log/rotate/rotator.ts";

/** Returns the line of a run; what failed and what is to be known stand at its end. */
export function describeRun({ last_run, counts, bytes, seconds, errors, warnings }: RotationReport): string {
  const { sealed, deleted, compressed, settled, measured } = counts;
  const done = [
    `${sealed} sealed`,
    `${deleted} deleted`,
    `${measured} measured`,
    ...(settled > 0 ? [`${settled} settled`] : []),
    `${compressed} compressed`,
  ].join(", ");
  const sizes = `${sizeText(bytes.before)} before, ${sizeText(bytes.after)} after`;
  const troubles = [...errors.map((error) => `failed: ${error}`), ...warnings.map((warning) => `note: ${warning}`)];
  return [`${last_run} ${done}; ${sizes}; ${seconds.toFixed(1)} s`, ...troubles].join("; ");
}

/** Returns the table of what would be done, in the order in which it would be. */
export function formatPreview({ rows, warnings }: Preview): string {
  const notes = warnings.map((warning) => `! ${warning}`);
  if (rows.length === 0) return ["Nothing is to be done.", ...notes].join("\n");
  const heads = ["action", "file", "size", "why"];
  const lines = rows.map(({ action, file, bytes, why }) => [action, file, sizeText(bytes), why]);
  const widths = heads.map((head, index) => Math.max(head.length, ...lines.map((line) => line[index]?.length ?? 0)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 2 ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd();
  return [...[heads, ...lines].map(format), ...notes].join("\n");
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
