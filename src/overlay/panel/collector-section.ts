/** The part of the panel about the collector: the brake, and what the live snapshot of the site shows. */
import type { Asked } from "../collector-view/ask-collector.ts";
import type { RunTimeConfig, Snapshot, SnapshotEvent } from "../collector-view/parse-answers.ts";
import { writeShare } from "../visitor/explain-silence.ts";
import { makeEventDetails } from "./event-details.ts";
import { type Fact, makeFactList } from "./fact-list.ts";
import { keepList } from "./keyed-list.ts";
import { makeElement, setText, writeTime } from "./make-element.ts";

export type CollectorView = {
  /** Undefined: not asked, as `isAsking` says. */
  readonly config: Asked<RunTimeConfig> | undefined;
  readonly snapshot: Asked<Snapshot> | undefined;
  /** False where the visitor's browser asks not to be counted, and there is no token: then nothing is asked at all. */
  readonly isAsking: boolean;
};

/** Makes the section, with `tokenForm` in it, and the function that fills it. */
export function makeCollectorSection(tokenForm: HTMLElement): {
  readonly element: HTMLElement;
  readonly show: (view: CollectorView) => void;
} {
  const facts = makeFactList();
  const counts = makeFactList();
  const lastEvents = makeElement("ol");
  const showLast = keepList(lastEvents, { keyOf: readKey, makeRow: makeLastEventRow });
  const lists = makeElement(
    "div",
    {},
    makeElement("h4", {}, "Counts by event"),
    counts.element,
    makeElement("h4", {}, "Last events"),
    lastEvents,
  );
  const heading = makeElement("h3", {}, "The collector");
  const element = makeElement("section", {}, heading, facts.element, lists, tokenForm);
  return {
    element,
    show: (view) => {
      const snapshot = view.snapshot && "value" in view.snapshot ? view.snapshot.value : undefined;
      facts.show(describeCollector(view));
      counts.show((snapshot?.byEvent ?? []).map(({ name, count }) => [name, `${count}`]));
      lists.hidden = (snapshot?.total ?? 0) === 0;
      showLast(numberAlike(snapshot?.lastEvents ?? []));
    },
  };
}

function describeCollector({ config, snapshot, isAsking }: CollectorView): readonly Fact[] {
  if (!isAsking) return [["Snapshot", "not asked for, since this browser asks not to be counted"]];
  return [["Brake", describeBrake(config)], ...describeSnapshot(snapshot)];
}

function describeBrake(config: Asked<RunTimeConfig> | undefined): string {
  if (config === undefined) return "asking …";
  if ("failure" in config) return `unknown: ${config.failure}`;
  const { isEnabled, sampleRate } = config.value;
  if (!isEnabled) return "on: trackers are told to send nothing";
  return sampleRate === undefined ? "off" : `trackers are told to keep ${writeShare(sampleRate)} of visitors`;
}

function describeSnapshot(snapshot: Asked<Snapshot> | undefined): readonly Fact[] {
  if (snapshot === undefined) return [["Snapshot", "asking …"]];
  if ("failure" in snapshot) return [["Snapshot", snapshot.failure]];
  const { total, fileBytes, receivedLastMinute } = snapshot.value;
  return [
    ["Newest events in memory", `${total}`],
    ...(receivedLastMinute === undefined ? [] : [["In the last minute", `${receivedLastMinute}`] as const]),
    ...(fileBytes === undefined ? [] : [["Active log file", writeBytes(fileBytes)] as const]),
  ];
}

function writeBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

type LastEvent = SnapshotEvent & { readonly key: string };

function readKey({ key }: LastEvent): string {
  return key;
}

/** Redacted events have no id and look alike: the same ones are told apart by number. */
function numberAlike(events: readonly SnapshotEvent[]): readonly LastEvent[] {
  const seen = new Map<string, number>();
  return events.map((event) => {
    const base = `${event.fields["event_id"] ?? `${event.name} ${event.time}`}`;
    const number = (seen.get(base) ?? 0) + 1;
    seen.set(base, number);
    return { ...event, key: `${base} ${number}` };
  });
}

function makeLastEventRow() {
  const details = makeEventDetails();
  const time = makeElement("span", { class: "time" });
  return {
    element: makeElement("li", {}, time, details.element),
    update: (event: LastEvent): void => {
      // Without a token times are cut to the minute, and seconds would be made up.
      const local = writeTime(Date.parse(event.time));
      setText(time, event.fields["event_id"] === undefined ? local.slice(0, 5) : local);
      details.show(event);
    },
  };
}
