/** 7.2 and 7.3: what the collector says of itself and of the last events, and that it shows strangers no visitor. */
import { type Check, type Evidence, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { type Answer, jsonOf } from "../probe/ask.ts";
import { HEALTH_PATH } from "../probe/live-collector.ts";

const SNAPSHOT_PATH = "/api/metrics/behavior";
/** A warning of health-warnings.ts that is more than one: the whole site looks like one visitor. */
const UNTRUSTED_PROXY = /X-Forwarded-For .*TRUSTED_PROXIES/;
const START = "Look at the collector's own log, and whether what stands at this address is a collector at all.";

type Fields = Readonly<Record<string, unknown>>;

export const HEALTH_CHECKS: readonly Check[] = [
  {
    id: "health.answers-as-agreed",
    line: "7.3",
    severity: "high",
    asks: "Health answers with status, ring_size and file_exists",
    how: "GET /api/metrics/health.",
    remedy: START,
    needs: ["live"],
    run: async (given) => {
      const { answer, where, fields } = await readHealth(given);
      const parts: readonly (readonly [string, boolean])[] = [
        ["status", typeof fields["status"] === "string"],
        ["ring_size", typeof fields["ring_size"] === "number"],
        ["file_exists", typeof fields["file_exists"] === "boolean"],
      ];
      const wrong = parts
        .filter(([, isThere]) => !isThere)
        .map(([name]) => ({ what: name, found: shown(fields[name]), where }));
      const answered = { what: "status code", found: `${answer.status}`, where };
      if (answer.status !== 200 && answer.status !== 503) return fail([answered], { text: START });
      if (wrong.length > 0)
        return fail(wrong, { text: `Expected {"status":…,"ring_size":…,"file_exists":…}. ${START}` });
      return pass(answered, ...parts.map(([name]) => ({ what: name, found: shown(fields[name]), where })));
    },
  },
  {
    id: "health.is-healthy",
    line: "7.3",
    severity: "critical",
    asks: "The collector can store events, and its log is there",
    how: "Reads status, reasons and file_exists of health.",
    remedy: "Do what the reasons say: most often the disk is full or the data directory may not be written to.",
    needs: ["live"],
    after: ["health.answers-as-agreed"],
    run: async (given) => {
      const { where, fields } = await readHealth(given);
      const reasons = textsOf(fields["reasons"]);
      const status = { what: "status", found: shown(fields["status"]), where };
      if (fields["status"] !== "healthy") {
        const evidence = [status, ...reasons.map((reason) => ({ what: "reason", found: reason, where }))];
        return fail(evidence, { text: "Events are refused. Do what the reasons say; trackers try again meanwhile." });
      }
      const file = { what: "file_exists", found: shown(fields["file_exists"]), where };
      if (fields["file_exists"] === true) return pass(status, file);
      return fail([file], {
        text: "No event was ever stored here: send one, and see that the data directory is the right one.",
      });
    },
  },
  {
    id: "health.proxy-trusted",
    line: "7.3",
    severity: "critical",
    asks: "The collector believes the proxy in front of it, so that visitors do not look like one",
    how: "Reads the warnings of health for forwarded addresses that it does not believe.",
    remedy: "Name the proxy's address, as the collector sees it, in TRUSTED_PROXIES, and start the collector anew.",
    needs: ["live"],
    after: ["health.answers-as-agreed"],
    run: async (given) => {
      const { where, fields } = await readHealth(given);
      const warnings = textsOf(fields["warnings"]).filter((warning) => UNTRUSTED_PROXY.test(warning));
      if (warnings.length === 0) return pass({ what: "warnings of an untrusted proxy", found: "(none)", where });
      return fail(
        warnings.map((warning) => ({ what: "warning", found: warning, where })),
        {
          text: "Set TRUSTED_PROXIES to the address of the edge. Until then one rate limit holds for all visitors together.",
        },
      );
    },
  },
  {
    id: "health.no-warnings",
    line: "7.3",
    severity: "medium",
    asks: "Health gives no other warning",
    how: "Reads the warnings of health.",
    remedy: "Each warning says what to do.",
    needs: ["live"],
    after: ["health.answers-as-agreed"],
    run: async (given) => {
      const { where, fields } = await readHealth(given);
      const warnings = textsOf(fields["warnings"]).filter((warning) => !UNTRUSTED_PROXY.test(warning));
      if (warnings.length === 0) return pass({ what: "warnings", found: "(none)", where });
      return warn(
        warnings.map((warning) => ({ what: "warning", found: warning, where })),
        { text: warnings.map((warning) => warning.slice(warning.indexOf(": ") + 1).trim()).join("; ") },
      );
    },
  },
  {
    id: "health.snapshot-answers",
    line: "7.2",
    severity: "medium",
    asks: "The snapshot answers with total, by_event and last_events, or is turned off on purpose",
    how: "GET /api/metrics/behavior?limit=5, without a key.",
    remedy: START,
    needs: ["live"],
    after: ["health.answers-as-agreed"],
    run: async (given) => {
      const { answer, where, fields } = await readSnapshot(given, 5);
      if (answer.status === 401) {
        return pass({ what: "status", found: "401: SNAPSHOT_ACCESS=off, nobody sees it without a key", where });
      }
      const { total, by_event, last_events } = fields;
      const isRight = typeof total === "number" && Array.isArray(by_event) && Array.isArray(last_events);
      const answered = { what: "status", found: `${answer.status}`, where };
      if (answer.status === 200 && isRight) return pass(answered, { what: "total", found: shown(total), where });
      const found = Object.keys(fields).join(", ") || "(no JSON)";
      return fail([answered, { what: "fields", found, where }], {
        text: `Expected {"total":…,"by_event":[…],"last_events":[…]}. ${START}`,
      });
    },
  },
  {
    id: "health.snapshot-redacted",
    line: "7.2",
    severity: "critical",
    asks: "Without a key the snapshot shows no visitor's id and nothing else of a visitor",
    how: "Looks at the fields of last_events.",
    remedy:
      "Set SNAPSHOT_ACCESS=redacted (the default), and start the collector anew. SNAPSHOT_ACCESS=full is for a network of your own.",
    needs: ["live"],
    after: ["health.snapshot-answers"],
    run: async (given) => {
      const { where, events } = await readSnapshot(given, 5);
      const shownFields = new Set(
        events.flatMap((event) => Object.keys(event).filter((name) => isTelling(name, event[name]))),
      );
      if (shownFields.size === 0) return pass({ what: "events looked at", found: `${events.length}`, where });
      const evidence = { what: "last_events", found: `shows ${[...shownFields].join(", ")}`, where };
      return fail([evidence], { text: "Anybody can read what single visitors do. Set SNAPSHOT_ACCESS=redacted." });
    },
  },
  {
    id: "health.snapshot-limit",
    line: "7.2",
    severity: "low",
    asks: "The snapshot shows as many events as it is asked for",
    how: "GET /api/metrics/behavior?limit=1.",
    remedy: "Let no cache between here and the collector leave the query out of its key.",
    needs: ["live"],
    after: ["health.snapshot-answers"],
    run: async (given) => {
      const { where, events } = await readSnapshot(given, 1);
      const evidence = { what: "last_events", found: `${events.length}`, where };
      return events.length <= 1 ? pass(evidence) : fail([evidence], { text: "Expected 1 or none." });
    },
  },
  {
    id: "health.key-accepted",
    line: "7.2",
    severity: "medium",
    asks: "The key shows whole events",
    how: "GET /api/metrics/behavior?limit=1 with the key.",
    remedy: "Make one with passerby key create --scope read, and see that the proxy passes Authorization on.",
    needs: ["live", "key"],
    after: ["health.answers-as-agreed"],
    run: async (given) => {
      const [live, key] = [await given.need("live"), await given.need("key")];
      const path = `${SNAPSHOT_PATH}?limit=1`;
      const { status } = await live.askOnce(path, { headers: { authorization: `Bearer ${key}` } });
      const evidence: Evidence = {
        what: "status",
        found: `${status}`,
        where: `GET ${live.at(path).href} with the key`,
      };
      return status === 200
        ? pass(evidence)
        : fail([evidence], {
            text: "Expected 200: the key is not of this collector, has ended, or was taken away on the way.",
          });
    },
  },
];

/** Everything in a redacted event but its name and its minute. */
function isTelling(name: string, value: unknown): boolean {
  if (name === "event") return false;
  if (name === "visitor_id") return value !== "redacted";
  return name !== "timestamp";
}

/** Health, asked for once more: what has come to light since the first time. */
async function readHealth(
  given: Given,
): Promise<{ readonly answer: Answer; readonly where: string; readonly fields: Fields }> {
  const live = await given.need("live");
  const answer = await live.askOnce(HEALTH_PATH);
  return { answer, where: `GET ${live.at(HEALTH_PATH).href}`, fields: fieldsOf(jsonOf(answer)) };
}

type Snapshot = Awaited<ReturnType<typeof readHealth>> & { readonly events: readonly Fields[] };

async function readSnapshot(given: Given, limit: number): Promise<Snapshot> {
  const live = await given.need("live");
  const path = `${SNAPSHOT_PATH}?limit=${limit}`;
  const answer = await live.askOnce(path);
  const fields = fieldsOf(jsonOf(answer));
  const events: unknown = fields["last_events"];
  return {
    ...{ answer, fields, where: `GET ${live.at(path).href}` },
    events: Array.isArray(events) ? events.map(fieldsOf) : [],
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((one: unknown) => String(one)) : [];
}

function shown(value: unknown): string {
  return value === undefined ? "(none)" : JSON.stringify(value);
}
