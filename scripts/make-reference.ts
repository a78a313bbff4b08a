/**
 * Writes the pages of docs/reference that come from code: events.md from the event contract, settings.md from the
 * table of settings, metrics.md from the table of metrics, doctor.md from the checklist and its checks. test/reference.test.ts holds the committed pages equal to what this makes; run it after a change:
 * node scripts/make-reference.ts
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SETTING_KEYS, SETTINGS } from "../src/config.ts";
import {
  AUTOMATIC_EVENTS,
  BOUNDS,
  DROP_REASONS,
  eventInputSchema,
  PASSIVE_EVENTS,
  REFUSAL_REASONS,
  SMOKE_EVENT,
  SMOKE_VISITOR_PREFIX,
  serverFieldsSchema,
} from "../src/event.ts";
import { METRIC_KEYS, METRICS } from "../src/server/health/metric-table.ts";
import { doctorPage } from "./doctor-page.ts";
import { listOf, page, table } from "./markdown-page.ts";

/** A property of the event schemas, as far as the page tells it. */
type Property = {
  readonly type: string;
  readonly description: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly "x-filled-by"?: string;
};

/** The pages by file name. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  "events.md": eventsPage,
  "settings.md": settingsPage,
  "metrics.md": metricsPage,
  "doctor.md": doctorPage,
};

function eventsPage(): string {
  const required: readonly string[] = eventInputSchema.required;
  const input = Object.entries<Property>(eventInputSchema.properties).map(([name, property]) => [
    `\`${name}\``,
    describeType(property),
    required.includes(name) ? "yes" : "no",
    property["x-filled-by"] ?? "",
    property.description,
  ]);
  const added = Object.entries<Property>(serverFieldsSchema.properties).map(([name, property]) => [
    `\`${name}\``,
    describeType(property),
    property.description,
  ]);
  return page("Events", [
    "One event is one JSON object. A field that is not in the first table is refused by name.",
    "## What a client sends",
    table(["field", "type and bounds", "required", "filled in by", "meaning"], input),
    "## What the collector adds",
    "Never accepted from a client without a key.",
    table(["field", "type", "meaning"], added),
    "## Bounds of a request",
    table(["bound", "limit"], boundRows()),
    "## Events with a meaning of their own",
    `Our tracker sends by itself: ${listOf(AUTOMATIC_EVENTS)}.`,
    `These happen to a visitor without a decision and never end a bounce, start a session or count as \`events\`: ${listOf(PASSIVE_EVENTS)}.`,
    `\`${SMOKE_EVENT}\` with a key, and any event whose \`visitor_id\` begins \`${SMOKE_VISITOR_PREFIX}\`, belongs to a smoke test: stored whatever the sampling, and left out of every answer that does not ask for it.`,
    "## Why an event is not stored",
    `Dropped on purpose, with status 202 and counted in the answer: ${listOf(DROP_REASONS)}.`,
    `Refused: ${listOf(REFUSAL_REASONS)}; see [errors](errors.md).`,
  ]);
}

function boundRows(): readonly (readonly string[])[] {
  const whole = (value: number): string => value.toLocaleString("en-US");
  return [
    ["events in a request", whole(BOUNDS.batchEvents)],
    ["body as received", `${whole(BOUNDS.bodyBytes)} bytes`],
    ["body inflated", `${whole(BOUNDS.inflatedBytes)} bytes`],
    ["`metadata` encoded", `${whole(BOUNDS.metadataBytes)} bytes`],
    ["keys in `metadata`, at all levels", whole(BOUNDS.metadataKeys)],
    ["levels of `metadata`", whole(BOUNDS.metadataDepth)],
    ["length of a key of `metadata`", whole(BOUNDS.metadataKeyLength)],
    ["`user_agent`", `cut at ${whole(BOUNDS.userAgentLength)}`],
    ["`timestamp` ahead of the receive time", `${whole(BOUNDS.futureMs / 60_000)} minutes`],
    ["`timestamp` behind the receive time", `${whole(BOUNDS.pastMs / 3_600_000)} hours`],
  ];
}

function describeType(property: Property): string {
  if (property.enum) return property.enum.map((value) => `\`"${value}"\``).join(", ");
  const { type, minLength, maxLength, exclusiveMinimum, maximum, pattern } = property;
  const length =
    maxLength === undefined ? "" : minLength === undefined ? `up to ${maxLength}` : `${minLength} to ${maxLength}`;
  const range = maximum === undefined ? "" : `above ${exclusiveMinimum ?? 0}, up to ${maximum}`;
  const form = pattern === undefined ? "" : `\`${pattern}\``;
  return [type, length, range, form].filter((part) => part !== "").join(", ");
}

function settingsPage(): string {
  const rows = SETTING_KEYS.map((key) => {
    const { variable, fallback, allowed, help } = SETTINGS[key];
    return [`\`${variable}\``, fallback === "" ? "" : `\`${fallback}\``, allowed, help];
  });
  return page("Settings", [
    "A flag wins over the environment, the environment over the file named with `--config` (lines of `NAME=value`), the file over the default. A value that does not parse stops the start with one line that names the variable, the value and what is allowed.",
    table(["variable", "default", "allowed", "meaning"], rows),
  ]);
}

function metricsPage(): string {
  const rows = METRIC_KEYS.map((key) => {
    const { name, type, labels, help } = METRICS[key];
    return [`\`${name}\``, type, listOf(labels), help];
  });
  return page("Metrics", [
    "`GET /metrics` on the admin listener (`METRICS_ADMIN_LISTEN`, by default `http://127.0.0.1:9464/metrics`) answers in Prometheus' text format 0.0.4. Counts begin at 0 with each start of the server.",
    table(["metric", "type", "labels", "meaning"], rows),
    "## Labels",
    "A label takes few values, none of which a client can choose:",
    "- `route` is the pattern that a route was added under, such as `/api/metrics/event`; `(none)` where no route has the path. `status` is that of the answer.\n" +
      `- \`outcome\` is \`stored\` (with \`reason="none"\`), \`dropped\` or \`refused\`; the reasons are ${listOf([...DROP_REASONS, ...REFUSAL_REASONS])}.\n` +
      "- `kind` is `sealed` or `import`, `side` is `server` or `tracker`.",
    "## What is never here",
    "No address, id, user agent, site, event name, query or path that a client sent.",
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, make] of Object.entries(REFERENCE_PAGES)) {
    writeFileSync(new URL(`../docs/reference/${name}`, import.meta.url), make());
    console.log(`docs/reference/${name}`);
  }
}
