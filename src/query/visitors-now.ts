/** How many visitors are on a site now. */
import type { Store } from "../store/store.ts";
import { questionSql } from "./sql.ts";

const WINDOW_MS = 300_000;

/**
 * Returns the number of visitors with any event, passive ones too, in the 5 minutes before `now` (milliseconds since
 * 1970); an estimate, rounded, where visitors are sampled. Throws `store_unavailable`.
 */
export async function visitorsNow(store: Store, site: string, now: number): Promise<number> {
  const range = { from: new Date(now - WINDOW_MS), to: new Date(now + 1) };
  const [row] = await store.read((ask) => ask(questionSql("visitors-now"), { site, ...range }));
  return Math.round(Number(row?.["visitors"] ?? 0));
}
