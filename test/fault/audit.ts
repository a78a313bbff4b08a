/** What is asked of every log after every fault: what was acknowledged is there once, what is there was sent, all of it parses. */
import type { LineProblem } from "../../src/log/read/decode-line.ts";
import { countIds } from "./log-fixtures.ts";

/** The ids that a test sent, and those of them that were acknowledged. */
export type Sent = { readonly sent: Iterable<unknown>; readonly acked: Iterable<unknown> };

/** What is wrong with a log; equal to `NOTHING_WRONG` after a fault that it lived through. */
export type Findings = {
  /** Acknowledged and lost, or stored more than once. */
  readonly notOnce: readonly unknown[];
  readonly neverSent: readonly unknown[];
  readonly twice: readonly unknown[];
  readonly problems: readonly LineProblem[];
};

export const NOTHING_WRONG: Findings = { notOnce: [], neverSent: [], twice: [], problems: [] };

/** Compares the whole log of a folder with what was sent; `stored` counts the ids in it. */
export async function auditLog(
  dataDir: string,
  { sent, acked }: Sent,
): Promise<{ readonly findings: Findings; readonly stored: number }> {
  const { counts, problems } = await countIds(dataDir);
  const known = new Set(sent);
  const ids = [...counts.keys()];
  const findings = {
    notOnce: [...acked].filter((id) => counts.get(id) !== 1),
    neverSent: ids.filter((id) => !known.has(id)),
    twice: ids.filter((id) => counts.get(id) !== 1),
    problems,
  };
  return { findings, stored: counts.size };
}
