/** The questions' SQL: one file each under sql/, with placeholders that only this stage's own fragments may fill. */
import { readFileSync } from "node:fs";

/** The questions there are; each is a file `sql/NAME.sql`. */
export const QUESTIONS = [
  "count-events",
  "count-visits",
  "estimate-events",
  "estimate-visits",
  "events",
  "first-event",
  "lowest-rate",
  "robots",
  "visitors-now",
  "visits",
  "visits-holding-events",
] as const;
export type Question = (typeof QUESTIONS)[number];

/** Text for `{{name}}` places: made from closed lists in this folder, never from what a user sent. */
export type Fragments = Readonly<Record<string, string>>;

/**
 * Returns a question's SQL with every `{{name}}` filled. Throws when a name has no fragment, which only a mistake in
 * this stage can cause. The build copies sql/ beside the bundle, so that the address holds in both.
 */
export function questionSql(question: Question, fragments: Fragments = {}): string {
  const text = readFileSync(new URL(`./sql/${question}.sql`, import.meta.url), "utf8");
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const fragment = fragments[name];
    if (fragment === undefined) throw new Error(`sql/${question}.sql: nothing given for {{${name}}}`);
    return fragment;
  });
}
