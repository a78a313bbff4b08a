/** The data directory of a collector, as its owner sees it on the machine. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import { findWriters, type Search } from "./data-dir/running-process.ts";

export type DataFolder = {
  readonly path: string;
  /** The processes that write its log; looked for when first asked. */
  readonly writers: () => Search;
};

/** Opens the folder. Throws InputUnreadable where there is none. */
export function openDataFolder(path: string): DataFolder {
  const absolute = resolve(path);
  try {
    if (!statSync(absolute).isDirectory()) throw new InputUnreadable(absolute, "is no folder");
  } catch (cause) {
    if (cause instanceof InputUnreadable) throw cause;
    throw new InputUnreadable(absolute, describeError(cause), cause);
  }
  let search: Search | undefined;
  return {
    path: absolute,
    writers: () => {
      search ??= findWriters(absolute);
      return search;
    },
  };
}
