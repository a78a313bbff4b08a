/** Searches on the site itself, as its own address tells them. */
import type { Track } from "../../options.ts";
import { clipText } from "../clip-text.ts";
import type { ViewWatcher } from "./views.ts";

/** Parameters of the query that hold search terms unless the page names others. */
export const SEARCH_PARAMETERS: readonly string[] = ["q", "s", "search", "query", "keyword"];

/** A page that searches with every key changes its address with every key. What stands this long is meant. */
const TYPING_MS = 1000;

/** Returns the terms of a query, at most 100 characters, or an empty string. The first parameter that has any counts. */
export function readSearchTerms(query: string, parameters: readonly string[]): string {
  const values = new URLSearchParams(query);
  return parameters.map((name) => clipText(values.get(name) ?? "", 100)).find((terms) => terms !== "") ?? "";
}

/** Tracks `search` with `terms`, the same terms once a view; a change of the query alone is a new search. */
export function watchSearches(track: Track, parameters: readonly string[]): ViewWatcher {
  let counted: string[] = [];
  let typing: ReturnType<typeof setTimeout> | undefined;

  const forget = (): void => {
    clearTimeout(typing);
    typing = undefined;
  };
  const count = (): void => {
    forget();
    const terms = readSearchTerms(location.search, parameters);
    if (terms === "" || counted.includes(terms)) return;
    counted.push(terms);
    track("search", { terms });
  };
  return {
    onBegin: () => {
      counted = [];
      count();
    },
    onChange: () => {
      forget();
      typing = setTimeout(count, TYPING_MS);
    },
    onEnd: () => {
      if (typing !== undefined) count();
    },
    onReset: forget,
  };
}
