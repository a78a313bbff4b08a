/** The smoke tests as lines of the checklist: 7.1, and where they are asked for again (8.2, 11.1, 11.2). */
import { type Check, type Evidence, type Finding, fail, pass, skip, warn } from "../check.ts";
import type { SmokeReport, SmokeStep } from "../smoke/smoke-test.ts";

const WATCH_COMMAND = "passerby smoke URL --watch 15m";

/** Where an event that the smoke test sent must be found again. */
const LOOKED_UP: readonly string[] = ["in_snapshot", "in_query"];

export const SMOKE_CHECKS: readonly Check[] = [
  {
    id: "health.smoke-event-stored",
    line: "7.1",
    severity: "critical",
    asks: "An event that is sent is on disk when it is acknowledged",
    how: "POST of a smoke event, which is kept out of every answer that does not ask for it.",
    remedy:
      "See what the answer says: 429 is the rate limit, 502 and 504 an edge without its collector, 503 a log that cannot be written.",
    needs: ["smoke"],
    may: ["key"],
    after: ["health.collector-answers"],
    run: async (given) => judgeEventStep(await given.need("smoke")),
  },
  {
    id: "tests.smoke-finds-event",
    line: "8.2",
    severity: "high",
    asks: "The event of the smoke test is in the snapshot and in a query",
    how: "Looks for that very event with the key: in the snapshot at once, in a query within 10 s.",
    remedy: "See docs/reference/replay.md: the store can be deleted and is built again from the log.",
    needs: ["smoke", "key"],
    after: ["health.smoke-event-stored", "health.key-accepted"],
    run: async (given) => {
      await given.need("key");
      const { steps } = await given.need("smoke");
      const found = steps.filter(({ name }) => LOOKED_UP.includes(name));
      const missing = found.filter(({ isOk }) => !isOk);
      if (missing.length === 0) return pass(...found.map(evidenceOf));
      const text =
        "The log has the event, so nothing is lost: see why the store is behind (warnings of health), or replay it.";
      return fail(missing.map(evidenceOf), { text, commands: ["passerby replay"] });
    },
  },
  {
    id: "after-deployment.smoke-passes",
    line: "11.1",
    severity: "high",
    asks: "All smoke tests pass",
    how: "The three of section 7 and, with a key, the two that look the event up again; they ran for those lines.",
    remedy: "Mend what the lines of section 7 say.",
    needs: ["smoke"],
    // What the other checks of section 7 have found is not told twice.
    after: [
      ...["health.smoke-event-stored", "tests.smoke-finds-event", "health.answers-as-agreed", "health.is-healthy"],
      ...["health.snapshot-answers", "health.snapshot-limit"],
    ],
    run: async (given) => {
      const { steps } = await given.need("smoke");
      const failed = steps.filter(({ isOk }) => !isOk);
      if (failed.length === 0) return pass(...steps.map(evidenceOf));
      return fail(failed.map(evidenceOf), { text: "See the request that failed.", commands: ["passerby smoke URL"] });
    },
  },
  {
    id: "after-deployment.quarter-of-an-hour",
    line: "11.2",
    severity: "medium",
    asks: "Logs, disk and response times are watched for a quarter of an hour",
    how: "Cannot be seen in one look: passerby smoke --watch does it, with a verdict at its end.",
    remedy: `Run ${WATCH_COMMAND} after each deployment.`,
    needs: [],
    run: () => skip(`takes a quarter of an hour: run ${WATCH_COMMAND} --data-dir DIR on the collector's machine`),
  },
];

function judgeEventStep({ steps }: SmokeReport): Finding {
  const step = steps.find(({ name }) => name === "event");
  if (step === undefined) return skip("the smoke test sent no event");
  const evidence = [evidenceOf(step)];
  if (!step.isOk) {
    const text = `The answer should be 202 with "stored":1. ${ADVICE[step.status ?? 0] ?? "See the collector's log."}`;
    return fail(evidence, { text, commands: ["passerby smoke URL"] });
  }
  if (step.note === undefined) return pass(...evidence);
  return warn(evidence, {
    text: "Nothing is stored just now, on purpose: see that this is meant.",
    commands: ["passerby brake status"],
  });
}

const ADVICE: Readonly<Record<number, string>> = {
  0: "Nobody answered: see that nginx and the collector run.",
  202: "Events are dropped on purpose: see passerby brake status, METRICS_SAMPLE_RATE and METRICS_BOTS.",
  403: "Something refuses requests without an Origin: the collector takes them.",
  404: "The edge does not pass /api/metrics/event on to the collector.",
  429: "The rate limit refuses a single request: see the zone's rate and burst.",
  502: "The edge runs and its collector does not, or it asks at the wrong address.",
  503: "The log cannot be written, or the edge's brake is on: GET /api/metrics/health says which.",
  504: "The collector takes longer than the edge waits: see its disk.",
};

function evidenceOf({ asked, status, found }: SmokeStep): Evidence {
  return { what: asked, found: `${status ?? "no answer"}: ${found}` };
}
