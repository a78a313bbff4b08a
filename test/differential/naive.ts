/**
 * The same questions answered by plain loops over the events, straight from the definitions and sharing no code with
 * the store or the query stage: slow, obvious, and the measure that DuckDB's answers are held against.
 */
import type { StoredEvent } from "../../src/event.ts";
import type { Dimension, Filter, Metric } from "../../src/report.ts";

/** A question with its range already said in the simplest way there is: the local days it covers. */
export type NaiveQuestion = {
  readonly site: string;
  readonly metrics: readonly Metric[];
  /** First and last local day, as `2026-11-23`. */
  readonly days: readonly [string, string];
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
  readonly timezone: string;
};

/** An unrounded figure with the variance of its estimate. */
export type NaiveFigure = { readonly value: number | null; readonly variance: number };
export type NaiveRow = { readonly dimensions: readonly string[]; readonly figures: readonly NaiveFigure[] };

const PASSIVE = ["engagement", "scroll_depth", "web_vital", "js_error"];
const HALF_HOUR = 30 * 60 * 1000;

type Visit = { readonly events: StoredEvent[] };
type Known = { readonly visits: readonly Visit[]; readonly visitOf: ReadonlyMap<StoredEvent, Visit> };
/** Something that counts: who did it, with which probability it was kept, and how much of each kind it is. */
type Unit = {
  readonly row: readonly string[];
  readonly visitor: string;
  readonly p: number;
  readonly amounts: Readonly<Record<string, number>>;
};

const isPassive = (event: StoredEvent): boolean => PASSIVE.includes(event.event);
const isSmoke = (event: StoredEvent): boolean => event.event === "smoke_test" || event.visitorId.startsWith("smoke-");
const probability = (event: StoredEvent): number => (isSmoke(event) ? 1 : event.sampleRate * event.serverSampleRate);
const at = (event: StoredEvent): number => new Date(event.timestamp).getTime();
const page = (event: StoredEvent): string => (event.url === undefined ? "" : new URL(event.url).pathname);

/** Leaves out each event whose id was seen before. */
export function withoutRepeats(events: readonly StoredEvent[]): readonly StoredEvent[] {
  const seen = new Set<string>();
  return events.filter((event) => !seen.has(event.eventId) && seen.add(event.eventId));
}

/** Cuts the events into visits. */
export function findVisits(events: readonly StoredEvent[]): Known {
  const byVisitor = new Map<string, StoredEvent[]>();
  for (const event of events) {
    if (isSmoke(event)) continue;
    const key = [event.site, event.visitorId, event.sessionId ?? "none"].join("\n");
    byVisitor.set(key, [...(byVisitor.get(key) ?? []), event]);
  }
  const visits: Visit[] = [];
  for (const list of byVisitor.values()) {
    list.sort((a, b) => at(a) - at(b) || (a.eventId < b.eventId ? -1 : 1));
    let visit: Visit | undefined;
    let last = Number.NEGATIVE_INFINITY;
    for (const event of list) {
      if (event.sessionId === undefined && at(event) - last > HALF_HOUR) visit = undefined;
      last = at(event);
      if (!visit && isPassive(event)) continue;
      if (!visit) {
        visit = { events: [] };
        visits.push(visit);
      }
      visit.events.push(event);
    }
  }
  const visitOf = new Map(visits.flatMap((visit) => visit.events.map((event) => [event, visit] as const)));
  return { visits, visitOf };
}

/** Answers a question; rows come in no particular order. */
export function answerNaively(
  events: readonly StoredEvent[],
  known: Known,
  question: NaiveQuestion,
): readonly NaiveRow[] {
  const about = JSON.stringify([question.dimensions, question.filters]).includes("event:page");
  const eventUnits = unitsOfEvents(events, known, question);
  const visitUnits = unitsOfVisits(known, question, false);
  const entryUnits = about ? unitsOfVisits(known, question, true) : visitUnits;
  const isRatio = (metric: Metric): boolean => ["bounce_rate", "visit_duration", "views_per_visit"].includes(metric);
  const isOfEvents = (metric: Metric): boolean => ["visitors", "pageviews", "events"].includes(metric);

  const leading: Unit[] = [];
  if (question.metrics.some(isOfEvents)) leading.push(...eventUnits);
  if (question.metrics.some((metric) => metric === "visits" || (isRatio(metric) && !about)))
    leading.push(...visitUnits);
  if (question.metrics.every((metric) => isRatio(metric)) && about) leading.push(...entryUnits);
  const rows = new Map(leading.map((unit) => [JSON.stringify(unit.row), unit.row]));
  if (question.dimensions.length === 0) rows.set("[]", []);

  return [...rows].map(([key, dimensions]) => {
    const mine = (units: readonly Unit[]): readonly Unit[] => units.filter((unit) => JSON.stringify(unit.row) === key);
    const figures = question.metrics.map((metric): NaiveFigure => {
      if (metric === "visitors") return countVisitors(mine(eventUnits));
      if (metric === "visits") return total(mine(visitUnits), "one");
      if (metric === "events") return total(mine(eventUnits), "one");
      if (metric === "pageviews") return total(mine(eventUnits), "views");
      if (metric === "bounce_rate") return ratio(mine(entryUnits), "bounce", 100);
      if (metric === "visit_duration") return ratio(mine(entryUnits), "seconds", 1);
      return ratio(mine(entryUnits), "views", 1);
    });
    return { dimensions, figures };
  });
}

function unitsOfEvents(events: readonly StoredEvent[], { visitOf }: Known, question: NaiveQuestion): Unit[] {
  const wantsSmoke = question.filters.some(
    ([operator, dimension, values]) => operator === "is" && dimension === "event:name" && values.includes("smoke_test"),
  );
  const readsVisits = [...question.dimensions, ...question.filters.map((filter) => filter[1])].some(
    (name) => name.startsWith("visit:") && name !== "visit:is_bot",
  );
  const units: Unit[] = [];
  for (const event of events) {
    if (event.site !== question.site || isPassive(event) || !isInDays(event, question)) continue;
    const visit = visitOf.get(event);
    if (isSmoke(event) ? !wantsSmoke || readsVisits : !visit) continue;
    const isRobot = visit ? firstOf(visit).isBot : false;
    if (isRobot && !question.filters.some((filter) => filter[1] === "visit:is_bot")) continue;
    if (!question.filters.every((filter) => passes(filter, fieldOf(filter[1], { event, visit, isRobot })))) continue;
    units.push({
      row: question.dimensions.map((name) => shownValue(name, { event, visit, isRobot }, at(event), question)),
      visitor: event.visitorId,
      p: probability(event),
      amounts: { one: 1, views: event.event === "page_view" ? 1 : 0 },
    });
  }
  return units;
}

function unitsOfVisits({ visits }: Known, question: NaiveQuestion, byEntry: boolean): Unit[] {
  const rename = <Name extends string>(name: Name): Name | "visit:entry_page" =>
    byEntry && name === "event:page" ? "visit:entry_page" : name;
  const filters = question.filters.map(([operator, name, values]): Filter => [operator, rename(name), values]);
  const dimensions = question.dimensions.map(rename);
  const ofEvent = filters.filter((filter) => filter[1].startsWith("event:"));
  const ofVisit = filters.filter((filter) => !filter[1].startsWith("event:"));
  const units: Unit[] = [];
  for (const visit of visits) {
    const first = firstOf(visit);
    if (first.site !== question.site || !isInDays(first, question)) continue;
    if (first.isBot && !filters.some((filter) => filter[1] === "visit:is_bot")) continue;
    const subject = { event: first, visit, isRobot: first.isBot };
    if (!ofVisit.every((filter) => passes(filter, fieldOf(filter[1], subject)))) continue;
    const active = visit.events.filter((event) => !isPassive(event));
    const matching = active.filter((event) =>
      ofEvent.every((filter) => passes(filter, fieldOf(filter[1], { ...subject, event }))),
    );
    const views = active.filter((event) => event.event === "page_view").length;
    const end = visit.events[visit.events.length - 1] ?? first;
    const rows = new Map<string, readonly string[]>();
    for (const event of matching) {
      const row = dimensions.map((name) => shownValue(name, { ...subject, event }, at(first), question));
      rows.set(JSON.stringify(row), row);
    }
    for (const row of rows.values()) {
      units.push({
        row,
        visitor: first.visitorId,
        p: Math.max(...active.map(probability)),
        amounts: {
          one: 1,
          views,
          bounce: views < 2 && active.length === views ? 1 : 0,
          seconds: (at(end) - at(first)) / 1000,
        },
      });
    }
  }
  return units;
}

function firstOf(visit: Visit): StoredEvent {
  const [first] = visit.events;
  if (!first) throw new Error("a visit has events");
  return first;
}

type Subject = { readonly event: StoredEvent; readonly visit: Visit | undefined; readonly isRobot: boolean };

function fieldOf(name: string, { event, visit, isRobot }: Subject): string {
  const views = visit?.events.filter((candidate) => candidate.event === "page_view") ?? [];
  const first = visit?.events[0];
  switch (name) {
    case "event:page":
      return page(event);
    case "event:name":
      return event.event;
    case "visit:is_bot":
      return isRobot ? "true" : "false";
    case "visit:entry_page":
      return views[0] ? page(views[0]) : "";
    case "visit:exit_page":
      return views.length > 0 ? page(views[views.length - 1] ?? event) : "";
    case "visit:source":
      return first?.source ?? "";
    case "visit:browser":
      return first?.browser ?? "";
    case "visit:os":
      return first?.os ?? "";
    default:
      return first?.device ?? "";
  }
}

function blank(name: string): string {
  return name === "visit:source" ? "Direct / None" : "(not set)";
}

function passes([operator, name, values]: Filter, value: string): boolean {
  if (operator === "is") return values.some((wanted) => wanted === value || (value === "" && wanted === blank(name)));
  if (operator === "is_not")
    return values.every((wanted) => wanted !== value && (value !== "" || wanted !== blank(name)));
  const isInside = values.some((wanted) => value.includes(wanted));
  return operator === "contains" ? isInside : !isInside;
}

function shownValue(name: string, subject: Subject, time: number, question: NaiveQuestion): string {
  if (!name.startsWith("time:")) return fieldOf(name, subject) || blank(name);
  const local = localTime(time, question.timezone);
  const day = local.slice(0, 10);
  if (name === "time:day") return day;
  if (name === "time:month") return `${day.slice(0, 7)}-01`;
  if (name === "time:week") {
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
    const monday = date.toISOString().slice(0, 10);
    return [monday, question.days[0]].sort()[1] ?? monday;
  }
  const hour = `${local.slice(0, 13)}:00:00`;
  // The same hour on the wall an hour earlier or later: the clock went back, and the offset has to tell them apart.
  const twins = [time - 3_600_000, time + 3_600_000].filter((other) =>
    localTime(other, question.timezone).startsWith(local.slice(0, 13)),
  );
  return twins.length === 0 ? hour : hour + offset(time, local);
}

function offset(time: number, local: string): string {
  const minutes = Math.round((Date.parse(`${local.replace(" ", "T")}Z`) - Math.floor(time / 1000) * 1000) / 60_000);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The time on the wall, as `2026-11-23 14:05:09`. */
export function localTime(time: number, timezone: string): string {
  const clock =
    clocks.get(timezone) ??
    new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  clocks.set(timezone, clock);
  return clock.format(time);
}

function isInDays(event: StoredEvent, { days: [first, last], timezone }: NaiveQuestion): boolean {
  const day = localTime(at(event), timezone).slice(0, 10);
  return day >= first && day <= last;
}

function countVisitors(units: readonly Unit[]): NaiveFigure {
  const best = new Map<string, number>();
  for (const { visitor, p } of units) best.set(visitor, Math.max(best.get(visitor) ?? 0, p));
  let value = 0;
  let variance = 0;
  for (const p of best.values()) {
    value += 1 / p;
    variance += (1 - p) / (p * p);
  }
  return { value, variance };
}

function total(units: readonly Unit[], amount: string): NaiveFigure {
  let value = 0;
  for (const unit of units) value += (unit.amounts[amount] ?? 0) / unit.p;
  return { value, variance: covariance(units, (unit) => unit.amounts[amount] ?? 0) };
}

function ratio(units: readonly Unit[], amount: string, factor: number): NaiveFigure {
  const over = total(units, amount).value ?? 0;
  const under = total(units, "one").value ?? 0;
  if (under === 0) return { value: null, variance: 0 };
  const residual = (unit: Unit): number => (unit.amounts[amount] ?? 0) - over / under;
  return { value: (factor * over) / under, variance: (factor / under) ** 2 * covariance(units, residual) };
}

/** Every pair of things that one visitor did: they are kept together with the smaller of their probabilities. */
function covariance(units: readonly Unit[], amount: (unit: Unit) => number): number {
  let sum = 0;
  for (const a of units) {
    for (const b of units) {
      if (a.visitor !== b.visitor) continue;
      const both = Math.min(a.p, b.p);
      sum += ((amount(a) * amount(b)) / both) * (both / (a.p * b.p) - 1);
    }
  }
  return sum;
}
