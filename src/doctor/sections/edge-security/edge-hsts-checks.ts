/** Two headers that are not for every answer: the one that holds browsers to TLS, and an old one that does harm. */
import type { Check } from "../../check.ts";
import { walk } from "../../nginx/edge-servers.ts";
import { headersIn } from "../../nginx/error-answers.ts";
import { evaluate } from "../../nginx/variables.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  eventCheck,
  failing,
  found,
  good,
  type Seen,
  seen,
} from "../edge/edge-check.ts";
import type { WithEvent } from "../edge/edge-view.ts";
import { ofServer, serverScopes } from "./server-headers.ts";

function judgeHsts(view: WithEvent): Seen {
  if (view.door?.isTls !== true)
    return { problems: [], good: [], unseen: "this nginx speaks no TLS: whatever ends it sends the header" };
  const sent = ofServer(view).filter(({ name }) => name === HSTS);
  const [first] = sent;
  if (first === undefined)
    return found([
      failing(
        absent("Strict-Transport-Security", serverScopes(view.event).slice(0, 2)),
        `Add \`add_header ${HSTS_ADVICE} always;\`.`,
      ),
    ]);
  const evidence = { ...seen(first.directive), found: `${HSTS}: ${first.value}` };
  const [, age = "0"] = /(?:^|;)\s*max-age="?(\d+)"?\s*(?:;|$)/i.exec(first.value) ?? [];
  if (
    !/^\s*max-age="?\d+"?\s*(?:;\s*(?:includeSubDomains|preload)\s*)*;?\s*$/i.test(first.value) ||
    Number(age) < HALF_A_YEAR_S
  ) {
    return found([
      failing(evidence, `Browsers are to remember it for at least half a year: \`add_header ${HSTS_ADVICE} always;\`.`),
    ]);
  }
  const plain = view.ask("/", { isTls: false, port: 80 });
  const asked = { ...plain.variables.asked, status: 308 };
  const overPlain = headersIn(plain.scopes, { ...plain.variables, asked }, 308).find(({ name }) => name === HSTS);
  if (plain.kind !== "nobody" && overPlain) {
    return found([
      doubtful(
        seen(overPlain.directive),
        "Over plain HTTP the header must not be sent (RFC 6797, section 7.2): use a map of $https.",
      ),
    ]);
  }
  return good(evidence);
}

const HSTS = "strict-transport-security";
const HALF_A_YEAR_S = 15_768_000;
const HSTS_ADVICE = 'Strict-Transport-Security "max-age=63072000; includeSubDomains"';

function judgeXss({ model, event }: WithEvent): Seen {
  const all = [...walk(model.http)].filter(({ name, args }) => name === "add_header" && args[0]?.toLowerCase() === XSS);
  const on = all.filter(
    ({ args }) => !["", "0"].includes(evaluate(args[1] ?? "", { ...event.variables, values: new Map() })),
  );
  const text = "The filter that 1 turns on could be made to remove scripts of a page's own: send 0, or nothing.";
  const [first] = all;
  return found(
    on.map((one) => doubtful(seen(one), text)),
    first ? seen(first) : absent("X-XSS-Protection", undefined),
  );
}

const XSS = "x-xss-protection";

const CHECKS_OF_TWO: readonly EventCheck[] = [
  {
    id: "security.edge-hsts",
    line: "9.5",
    severity: "high",
    asks: "Over TLS, and only there, browsers are told to come back over TLS",
    how: "Works out Strict-Transport-Security of the server with TLS and of the one without.",
    remedy: 'Add `Strict-Transport-Security "max-age=63072000; includeSubDomains"` by a map of $https.',
    look: judgeHsts,
  },
  {
    id: "security.edge-xss-header",
    line: "9.5",
    severity: "low",
    asks: "X-XSS-Protection is 0 or absent",
    how: "Works out the header; `1; mode=block`, which older lists ask for, opened holes of its own.",
    remedy: "Use `add_header X-XSS-Protection 0 always;`, or leave it out.",
    look: judgeXss,
  },
];

export const EDGE_HSTS_CHECKS: readonly Check[] = CHECKS_OF_TWO.map(eventCheck);
