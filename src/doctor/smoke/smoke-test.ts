/**
 * The smoke tests of the checklist (section 7) against a running collector: an event is taken and on disk, the snapshot
 * answers, health answers; with a key also that the very event is in the snapshot and in a query. Its events are kept out of
 * every answer that does not ask for them (contract, "Smoke events"), so it may run against production at any time.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { SMOKE_EVENT, SMOKE_VISITOR_PREFIX } from "../../event.ts";
import { type Answer, type Asking, ask, type Network, NoAnswer } from "../probe/ask.ts";
import {
  type Judgement,
  judgeEvent,
  judgeFound,
  judgeHealth,
  judgeSnapshot,
  readBody,
  recordsOf,
} from "./judge-answers.ts";

export type SmokeTarget = {
  readonly url: URL;
  readonly network: Network;
  /** Key of scope read; without one nothing can be looked up again. */
  readonly key: string | undefined;
  readonly clock: Clock;
};

export const SMOKE_STEPS = ["event", "snapshot", "health", "in_snapshot", "in_query"] as const;
export type SmokeStepName = (typeof SMOKE_STEPS)[number];

export type SmokeStep = Judgement & {
  readonly name: SmokeStepName;
  /** What was asked, `POST /api/metrics/event`. */
  readonly asked: string;
  /** HTTP status; undefined where nobody answered. */
  readonly status: number | undefined;
  /** Until the answer was there; for `in_query` until the event was found. */
  readonly tookMs: number;
};

export type SmokeReport = {
  /** ISO 8601. */
  readonly at: string;
  readonly steps: readonly SmokeStep[];
  readonly isPassed: boolean;
  /** Bytes of the log as the snapshot tells them; undefined where it does not. */
  readonly logBytes: number | undefined;
};

/** The store promises an event within 2 s; past this it is called missing. */
const FIND_WITHIN_MS = 10_000;
const ASK_AGAIN_MS = 250;

type Asked = { readonly answer: Answer | undefined; readonly problem: string; readonly tookMs: number };

/** Runs the tests once, one request after the other. Never throws for what it finds. */
export async function runSmokeTest(target: SmokeTarget): Promise<SmokeReport> {
  const run = Buffer.from(target.clock.randomBytes(12)).toString("base64url");
  const sent = { visitor_id: `${SMOKE_VISITOR_PREFIX}${run}`, event: SMOKE_EVENT, metadata: { path: `/smoke/${run}` } };
  const steps: SmokeStep[] = [];
  const take = async (
    name: SmokeStepName,
    asked: string,
    asking: Promise<Asked>,
    judge: Judge,
  ): Promise<Answer | undefined> => {
    const { answer, problem, tookMs } = await asking;
    const judgement: Judgement = answer === undefined ? { isOk: false, found: problem } : judge(answer);
    steps.push({ name, asked, status: answer?.status, tookMs, ...judgement });
    return answer;
  };
  const hasKey = target.key !== undefined;
  const posting = askTimed(target, "/api/metrics/event", {
    ...{ method: "POST", body: JSON.stringify(sent) },
    headers: { "content-type": "application/json" },
  });
  await take("event", "POST /api/metrics/event", posting, (answer) => judgeEvent(answer, hasKey));
  const showing = askTimed(target, "/api/metrics/behavior?limit=5");
  const snapshot = await take("snapshot", "GET /api/metrics/behavior?limit=5", showing, judgeFive);
  await take("health", "GET /api/metrics/health", askTimed(target, "/api/metrics/health"), judgeHealth);
  if (target.key !== undefined && steps[0]?.isOk) steps.push(...(await findAgain(target, target.key, sent)));
  return {
    at: new Date(target.clock.now()).toISOString(),
    steps,
    isPassed: steps.every(({ isOk }) => isOk),
    logBytes: readLogBytes(snapshot),
  };
}

type Judge = (answer: Answer) => Judgement;

const judgeFive: Judge = (answer) => judgeSnapshot(answer, 5);

type SentEvent = { readonly visitor_id: string; readonly metadata: { readonly path: string } };

/** With a key: looks for the event in the ring, which also says its site, and then in the store of that site. */
async function findAgain(target: SmokeTarget, key: string, sent: SentEvent): Promise<readonly SmokeStep[]> {
  const headers = { authorization: `Bearer ${key}` };
  const asked = `GET /api/metrics/behavior?event=${SMOKE_EVENT}`;
  const { answer, problem, tookMs } = await askTimed(target, `/api/metrics/behavior?event=${SMOKE_EVENT}`, { headers });
  const event = answer && recordsOf(answer, "last_events").find((each) => each["visitor_id"] === sent.visitor_id);
  const inSnapshot: SmokeStep = {
    ...{ name: "in_snapshot", asked, status: answer?.status, tookMs },
    ...(answer === undefined ? { isOk: false, found: problem } : judgeFound(answer, event !== undefined)),
  };
  if (event === undefined) return [inSnapshot];
  return [inSnapshot, await findInStore(target, headers, { path: sent.metadata.path, site: String(event["site"]) })];
}

async function findInStore(
  target: SmokeTarget,
  headers: Readonly<Record<string, string>>,
  { path, site }: { readonly path: string; readonly site: string },
): Promise<SmokeStep> {
  const filters = [
    ["is", "event:name", [SMOKE_EVENT]],
    ["is", "event:page", [path]],
    ["is", "visit:is_bot", ["true", "false"]],
  ];
  const body = JSON.stringify({ site, metrics: ["events"], date_range: "24h", filters });
  const asking = { method: "POST", body, headers: { ...headers, "content-type": "application/json" } };
  const startedMs = target.clock.monotonicMs();
  for (;;) {
    const { answer, problem } = await askTimed(target, "/api/query", asking);
    const [row] = answer === undefined ? [] : recordsOf(answer, "results");
    const figures: unknown = row?.["metrics"];
    const isFound = Array.isArray(figures) && figures[0] === 1;
    const tookMs = target.clock.monotonicMs() - startedMs;
    const isFinal = isFound || answer?.status !== 200 || tookMs > FIND_WITHIN_MS;
    if (isFinal) {
      const judgement = answer === undefined ? { isOk: false, found: problem } : judgeFound(answer, isFound);
      return { name: "in_query", asked: "POST /api/query", status: answer?.status, tookMs, ...judgement };
    }
    await delay(ASK_AGAIN_MS);
  }
}

async function askTimed({ url, network, clock }: SmokeTarget, path: string, asking?: Asking): Promise<Asked> {
  const startedMs = clock.monotonicMs();
  try {
    const answer = await ask(network, new URL(`${url.origin}${url.pathname.replace(/\/$/, "")}${path}`), asking);
    return { answer, problem: "", tookMs: answer.tookMs };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { answer: undefined, problem: error.message, tookMs: clock.monotonicMs() - startedMs };
  }
}

function readLogBytes(answer: Answer | undefined): number | undefined {
  const bytes = answer === undefined ? undefined : readBody(answer)?.["file_size_bytes"];
  return typeof bytes === "number" ? bytes : undefined;
}
