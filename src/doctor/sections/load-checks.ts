/** 3.3 and 11.5: the rate limit, seen at work. Only with --load, and last, because it is felt by whoever shares the address. */
import { type Check, type Evidence, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { type Answer, headerOf, jsonOf, seenHeader } from "../probe/ask.ts";
import { BURST_REQUESTS, type Burst } from "../probe/burst.ts";
import { allowedOrigin } from "../probe/edge-answers.ts";
import { EVENT_PATH } from "../probe/live-collector.ts";
import { judge, REQUIRED_HEADERS } from "./header-checks.ts";

/** A page of a busy visitor sends so many at once; a limit below it loses time, not events. */
const LEAST_LET_THROUGH = 5;
const LIMIT =
  "In nginx: limit_req_zone $binary_remote_addr zone=metrics_zone:10m rate=5r/s; limit_req_status 429; and limit_req zone=metrics_zone burst=10 nodelay; in the location.";
const NEEDS = ["load", "live"] as const;
const MAY = ["site", "settings"] as const;

export const LOAD_CHECKS: readonly Check[] = [
  {
    id: "edge.rate-limit-holds",
    line: "3.3",
    severity: "high",
    asks: "Of more than 15 requests in a second some are let through and the others are answered 429",
    how: `Sends ${BURST_REQUESTS} requests without a body within a second, none of which is stored, and then waits until the limit has forgotten them.`,
    remedy: LIMIT,
    needs: NEEDS,
    may: MAY,
    run: async (given) => {
      const { where, answers, refused } = await burst(given);
      const evidence = countStatuses(answers).map(([status, count]) => ({
        what: `${status}`,
        found: `${count} answers`,
        where,
      }));
      const isNginxDefault = answers.some(({ status }) => status === 503);
      if (refused.length === 0) {
        return fail(evidence, {
          text: isNginxDefault
            ? "Expected 429 in place of 503: limit_req_status 429;"
            : `Nothing was refused. ${LIMIT}`,
        });
      }
      const passed = answers.length - refused.length;
      if (passed >= LEAST_LET_THROUGH) return pass(...evidence);
      return warn(evidence, {
        text: `Expected that ${LEAST_LET_THROUGH} or more of them pass: give limit_req a burst of 10 with nodelay.`,
      });
    },
  },
  {
    id: "after-deployment.refusals-say-when",
    line: "11.5",
    severity: "medium",
    asks: "Each 429 is JSON that a page can read, and says when to try again",
    how: "Reads Retry-After, Access-Control-Allow-Origin and the body of each refusal of the burst.",
    remedy: "Let the proxy answer 429 as the collector does: see @rate_limited in deploy/edge/passerby/errors.conf.",
    needs: NEEDS,
    may: MAY,
    after: ["edge.rate-limit-holds"],
    run: async (given) => {
      const { where, refused } = await burst(given);
      const origin = await allowedOrigin(given);
      const wrong = refused.map((answer) => problemsOf(answer, origin, where)).find((problems) => problems.length > 0);
      if (wrong !== undefined)
        return fail(wrong, {
          text: `Expected Retry-After in seconds, one Access-Control-Allow-Origin: ${origin}, and a body {"ok":false,"error":"rate_limited",…}.`,
        });
      return pass({ what: "429", found: `${refused.length} answers`, where });
    },
  },
  {
    id: "security.headers-of-refusals",
    line: "9.5",
    severity: "low",
    asks: "A 429 bears X-Frame-Options and X-Content-Type-Options like every other answer",
    how: "Reads the headers of the refusals of the burst.",
    remedy: "Write the headers with always: without it nginx leaves them out of errors.",
    needs: NEEDS,
    may: MAY,
    after: ["security.required-headers", "edge.rate-limit-holds"],
    run: async (given) => {
      const { where, refused } = await burst(given);
      return judge(
        REQUIRED_HEADERS,
        refused.slice(0, 1).map((answer) => ({ answer, where })),
        fail,
      );
    },
  },
];

/** The burst, which is sent when the first of the three asks. */
async function burst(given: Given): Promise<Burst & { readonly where: string }> {
  await given.need("load");
  const live = await given.need("live");
  const sent = await live.burst(await allowedOrigin(given));
  return { ...sent, where: `POST ${live.at(EVENT_PATH).href}` };
}

function problemsOf(answer: Answer, origin: string, where: string): readonly Evidence[] {
  const seen = (what: string): Evidence => ({ what, found: seenHeader(answer, what), where: `${where} → 429` });
  const [allowed, ...more] = answer.headers.get("access-control-allow-origin") ?? [];
  return [
    ...(/^\d+$/.test(headerOf(answer, "retry-after") ?? "") ? [] : [seen("Retry-After")]),
    ...(allowed === origin && more.length === 0 ? [] : [seen("Access-Control-Allow-Origin")]),
    ...(typeof jsonOf(answer) === "object" ? [] : [{ what: "body", found: answer.body.slice(0, 80), where }]),
  ];
}

function countStatuses(answers: readonly Answer[]): readonly (readonly [number, number])[] {
  return [...Map.groupBy(answers, ({ status }) => status)].map(([status, of]) => [status, of.length]);
}
