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
  /** Said when the list holds nothing. */
  readonly blank: string;
  readonly tabs: readonly [Breakdown, ...Breakdown[]];
};

export const BREAKDOWNS: readonly BreakdownSet[] = [
  {
    title: "Pages",
    blank: "No page was viewed",
    tabs: [
      { label: "Top", dimension: "event:page", metrics: ["visitors", "pageviews"] },
      { label: "Entry", dimension: "visit:entry_page", metrics: ["visitors", "visits"] },
      { label: "Exit", dimension: "visit:exit_page", metrics: ["visitors", "visits"] },
    ],
  },
  {
    title: "Sources",
    blank: "No source is known",
    tabs: [{ label: "Source", dimension: "visit:source", metrics: ["visitors", "visits"] }],
  },
  {
    title: "Devices",
    blank: "No device is known",
    tabs: [
      { label: "Browser", dimension: "visit:browser", metrics: ["visitors"] },
      { label: "System", dimension: "visit:os", metrics: ["visitors"] },
      { label: "Device", dimension: "visit:device", metrics: ["visitors"] },
    ],
  },
  {
    title: "Events",
    blank: "No event was sent",
    tabs: [{ label: "Event", dimension: "event:name", metrics: ["visitors", "events"] }],
  },
];
