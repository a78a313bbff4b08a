/** What `passerby erase` prints: what it would erase, what it has erased, and what it did not find. */
import type { Erasure } from "../src/log/erase/erase-log.ts";
import type { Preview } from "../src/log/erase/preview.ts";
import type { EraseTarget } from "../src/log/erase/target.ts";

const DAILY = `In mode daily an id is made from address and user agent under a salt that is destroyed within 48 h. From then on nobody,
neither you nor this program, can say which id a person had; nothing then ties these events to the person.`;

const STORE = "The store is made anew from the log; files of it that were set aside are removed.";

/** Tells what would be erased. */
export function previewText({ files, lines, begunAt }: Preview): string {
  const width = Math.max(...files.map(({ file }) => file.length), 5);
  const rows = files.map(({ file, lines: count, isActive }) => {
    return `${file.padEnd(width)}  ${format(count).padStart(9)}${isActive ? "  (sealed first)" : ""}`;
  });
  const begun = begunAt === null ? [] : [`An erasure that was begun at ${begunAt} and cut short is finished by this.`];
  return [...rows, `${"lines".padEnd(width)}  ${format(lines).padStart(9)}`, STORE, ...begun].join("\n");
}

/** Tells that there is nothing to erase, and why that may be so. */
export function nothingText({ kind, before }: EraseTarget): string {
  const when = before === null ? "" : ` received before ${before}`;
  if (kind === "site") return `No event of this site${when} is in the log. Nothing has changed.`;
  return `No event of this visitor${when} is in the log. Nothing has changed.\n${DAILY}`;
}

/** Tells what was erased. */
export function erasureText({ receipt, receiptFile, unfinished, unsearched }: Erasure): string {
  if (receipt === null) return "Nothing was found any more. Nothing has changed.";
  const { erased, files, event_ids: ids, live_events: live, store_files: store } = receipt;
  return [
    `${format(erased)} lines erased from ${format(files.length)} files; ${format(ids)} event ids and ${format(live)} live events forgotten`,
    store.length === 0 ? "There was no store." : `Removed: ${store.join(", ")}. ${STORE}`,
    `Receipt: ${receiptFile}`,
    ...warningsOf({ unfinished, unsearched }),
  ].join("\n");
}

/** Tells what an operator has yet to do. */
export function warningsOf({ unfinished, unsearched }: Pick<Erasure, "unfinished" | "unsearched">): readonly string[] {
  return [
    ...unfinished.map((at) => `! another erasure, begun at ${at}, is not finished: run its command again`),
    ...unsearched.map((name) => `! ${name} cannot be read to its end, so it may hold what was erased: delete it`),
  ];
}

function format(count: number): string {
  return count.toLocaleString("en-US");
}
