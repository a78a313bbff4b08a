/** Methods that nginx refuses by itself. */
import type { Check } from "../../check.ts";
import { answerError } from "../../nginx/error-answers.ts";
import { whereOf } from "../../nginx/nginx-config.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { doubtful, eventCheck, found, type Problem, type Seen } from "./edge-check.ts";
import { EVENT_PATH, type WithEvent } from "./edge-view.ts";
import { answerAs, codeIn, evidenceOf, headerIn, JSON_TYPE, STATUSES, toldIn } from "./nginx-answers.ts";

const METHODS = ["GET", "PUT", "DELETE"] as const;
/** Paths whose methods nginx may know, each with those that the collector takes there. */
const TAKEN: readonly (readonly [string, readonly string[]])[] = [
  [EVENT_PATH, ["POST", "OPTIONS"]],
  ["/", ["GET", "HEAD"]],
];

/** What nginx answers to methods that it refuses. */
function judgeAllow(view: WithEvent): Seen {
  const refused = TAKEN.flatMap(([path, taken]) =>
    METHODS.map((method) => ({ taken, outcome: view.ask(path, { method }) })).filter(
      ({ outcome }) => outcome.kind === "return",
    ),
  );
  const problems = refused.flatMap(({ taken, outcome }) => judgeRefusedMethod(view, taken, outcome));
  // Of no other error: its meaning is the methods of a 405.
  const other = toldIn(view, STATUSES).map((status) => ({ status, answer: answerAs(view, status) }));
  const stray = other.filter(({ answer }) => headerIn(answer, "allow") !== undefined);
  const unique = new Map(problems.map((one) => [`${one.evidence.what} ${one.evidence.found}`, one]));
  return found(
    [
      ...unique.values(),
      ...stray.map(({ answer, status }) =>
        doubtful(
          evidenceOf(answer, `Allow of ${status}`, headerIn(answer, "allow") ?? ""),
          "Send Allow with 405 only.",
        ),
      ),
    ],
    { what: "refused by nginx", found: refused.length > 0 ? "405 with Allow" : "(none)" },
  );
}

function judgeRefusedMethod(view: WithEvent, taken: readonly string[], outcome: Outcome): readonly Problem[] {
  const { method, path } = outcome.variables.asked;
  const what = `${method} ${path}`;
  if (outcome.status !== 405) {
    const where = outcome.by ? { where: whereOf(outcome.by) } : {};
    return [doubtful({ what, found: String(outcome.status), ...where }, "Answer a method that is not taken 405.")];
  }
  const answer = answerError(view.model, outcome, 405);
  const allow = (headerIn(answer, "allow") ?? "").split(",").map((one) => one.trim());
  const isRight =
    taken.every((one) => allow.includes(one)) && !allow.includes(method) && allow.every((one) => /^[A-Z]+$/.test(one));
  if (!isRight) {
    const text = `Let Allow name ${taken.join(" and ")} there, and not what is refused.`;
    return [doubtful(evidenceOf(answer, `Allow of ${what}`, allow.join(", ") || "(none)"), text)];
  }
  const isTold = (answer.body === undefined && !answer.isEmpty) || codeIn(answer.body ?? "") === "method_not_allowed";
  if (isTold && answer.status === 405 && JSON_TYPE.test(answer.type)) return [];
  return [
    doubtful(
      evidenceOf(answer, what, answer.body ?? answer.type),
      "Tell it as the collector does: method_not_allowed.",
    ),
  ];
}

export const EDGE_METHOD_CHECKS: readonly Check[] = [
  eventCheck({
    id: "edge.errors-allow",
    line: "3.2",
    severity: "low",
    asks: "A method that nginx refuses is answered 405, with the methods that are taken",
    how: "Follows GET and PUT of /api/metrics/event; where nginx answers them, it reads status, body and Allow (RFC 9110, section 15.5.6).",
    remedy: "Answer 405 and add `Allow: POST, OPTIONS`, or pass the request on: the collector does it.",
    look: judgeAllow,
  }),
];
