/** The lists of the page: which cards there are, their tabs, and what each counts. */
import type { Filter } from "../../report.ts";
import type { Breakdown, Scope } from "../state/questions.ts";

/** What every list of the page shares. */
export type BreakdownContext = {
  readonly scope: Scope;
  readonly refresh: number;
  /** Visitors of the whole range; null until known. */
  readonly allVisitors: number | null;
  readonly onFilter: (filter: Filter) => void;
};

export type BreakdownSet = {
  readonly title: string;
  /** What the rows are, for saying that there are none. */
  readonly noun: string;
  readonly tabs: readonly [Breakdown, ...Breakdown[]];
};

export const BREAKDOWNS: readonly BreakdownSet[] = [
  {
    title: "Pages",
    noun: "pages",
    tabs: [
      { label: "Top", dimension: "event:page", metrics: ["visitors", "pageviews"] },
      { label: "Entry", dimension: "visit:entry_page", metrics: ["visitors", "visits"] },
      { label: "Exit", dimension: "visit:exit_page", metrics: ["visitors", "visits"] },
    ],
  },
  {
    title: "Sources",
    noun: "sources",
    tabs: [{ label: "Source", dimension: "visit:source", metrics: ["visitors", "visits"] }],
  },
  {
    title: "Devices",
    noun: "devices",
    tabs: [
      { label: "Browser", dimension: "visit:browser", metrics: ["visitors"] },
      { label: "System", dimension: "visit:os", metrics: ["visitors"] },
      { label: "Device", dimension: "visit:device", metrics: ["visitors"] },
    ],
  },
  {
    title: "Events",
    noun: "events",
    tabs: [{ label: "Event", dimension: "event:name", metrics: ["visitors", "events"] }],
  },
];
