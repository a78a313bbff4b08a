/** What nginx refuses by itself: told as the collector would tell it, so that a page can read how long to wait. */
import type { Check } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { inForce } from "../../nginx/edge-servers.ts";
import type { ErrorAnswer } from "../../nginx/error-answers.ts";
import {
  absent,
  doubtful,
  eventCheck,
  failing,
  found,
  good,
  type Problem,
  type Seen,
  seen,
  unseen,
} from "./edge-check.ts";
import type { WithEvent } from "./edge-view.ts";
import {
  answerAs,
  CODES,
  codeIn,
  evidenceOf,
  headerIn,
  JSON_TYPE,
  LONGEST_WAIT_S,
  OWN_PAGES,
  RETRIED,
  STATUSES,
  toldIn,
} from "./nginx-answers.ts";

/** Goes over the statuses; `judge` says what is wrong with one. */
function overStatuses(
  statuses: readonly number[],
  view: WithEvent,
  judge: (answer: ErrorAnswer, status: number) => Problem | undefined,
) {
  if (statuses.length === 0) return unseen(OWN_PAGES);
  const answers = statuses.map((status) => ({ status, answer: answerAs(view, status) }));
  return found(
    answers.flatMap(({ answer, status }) => judge(answer, status) ?? []),
    ...answers.map(({ answer, status }) => evidenceOf(answer, String(status), answer.body ?? answer.type)),
  );
}

function judgeBody(answer: ErrorAnswer, status: number): Problem | undefined {
  if (answer.page === undefined) {
    const text =
      "nginx answers with a page of HTML, which no page of the site may read: give it an error_page in JSON, as deploy/edge/passerby/errors.conf does.";
    return doubtful(evidenceOf(answer, `error_page ${status}`, "(none)"), text);
  }
  if (answer.status !== status) {
    return failing(seen(answer.page), `${status} becomes ${answer.status}: take the = out, so that the status stays.`);
  }
  if (!JSON_TYPE.test(answer.type)) {
    return doubtful(
      evidenceOf(answer, `type of ${status}`, answer.type),
      "Set `default_type application/json;` there.",
    );
  }
  if (answer.body === undefined) {
    if (!answer.isEmpty) return undefined;
    return doubtful(seen(answer.page), "The page that it leads to has no body: return JSON there.");
  }
  const code = codeIn(answer.body);
  if (code === CODES[status]) return undefined;
  const text = `The body of ${status} is to be JSON with "ok":false, "error":"${CODES[status]}" and a message.`;
  return doubtful(evidenceOf(answer, `body of ${status}`, answer.body || "(none)"), text);
}

/** An origin that each entry of ALLOWED_ORIGINS lets in. */
async function originsOf(given: Given): Promise<readonly string[]> {
  const settings = await given.may("settings");
  return (settings?.settings.allowedOrigins ?? []).map((origin) => origin.replace("*", "shop"));
}

const FOREIGN = [
  "https://foreign.invalid",
  "https://example.com.foreign.invalid",
  "https://foreign.invalid.example.com",
];

async function judgeOrigins(view: WithEvent, given: Given): Promise<Seen> {
  const origins = await originsOf(given);
  const [origin] = origins;
  if (origin === undefined) return unseen("give --env FILE or --compose FILE, which say the origins of the site");
  if (toldIn(view, STATUSES).length === 0) return unseen(OWN_PAGES);
  const problems: Problem[] = [];
  for (const status of toldIn(view, STATUSES)) {
    const answers = origins.map((one) => ({ origin: one, answer: answerAs(view, status, one) }));
    const shut = answers.find(({ origin: one, answer }) => ![one, "*"].includes(headerIn(answer, ALLOW_ORIGIN) ?? ""));
    if (shut !== undefined) {
      const what = `Access-Control-Allow-Origin of ${status} for ${shut.origin}`;
      const evidence = evidenceOf(shut.answer, what, headerIn(shut.answer, ALLOW_ORIGIN) ?? "(none)");
      problems.push(
        failing(evidence, "A page cannot read this answer and tries again at once: let it name the origin."),
      );
      continue;
    }
    const allowed: readonly (string | undefined)[] = [undefined, "*", ...origins];
    const open = FOREIGN.find((one) => !allowed.includes(headerIn(answerAs(view, status, one), ALLOW_ORIGIN)));
    const first = answerAs(view, status, origin);
    if (open !== undefined) {
      const evidence = evidenceOf(first, `Access-Control-Allow-Origin of ${status} for ${open}`, open);
      problems.push(
        failing(evidence, "Any page may read this answer: let it name the origins of ALLOWED_ORIGINS only."),
      );
    }
    problems.push(...judgeCompany(first, status));
  }
  const shown = answerAs(view, 429, origin);
  return found(
    problems,
    evidenceOf(shown, `Access-Control-Allow-Origin for ${origin}`, headerIn(shown, ALLOW_ORIGIN) ?? ""),
  );
}

const ALLOW_ORIGIN = "access-control-allow-origin";

/** Headers that have to come with the origin. */
function judgeCompany(answer: ErrorAnswer, status: number): readonly Problem[] {
  const problems: Problem[] = [];
  const exposed = (headerIn(answer, "access-control-expose-headers") ?? "").toLowerCase();
  if (RETRIED.includes(status) && !/(?:^|[\s,])retry-after(?:[\s,]|$)|^\*$/.test(exposed)) {
    const evidence = evidenceOf(answer, `Access-Control-Expose-Headers of ${status}`, exposed || "(none)");
    problems.push(doubtful(evidence, "A page reads Retry-After only if it is exposed: name it."));
  }
  const vary = headerIn(answer, "vary") ?? "";
  if (headerIn(answer, ALLOW_ORIGIN) !== "*" && !/(?:^|[\s,])origin(?:[\s,]|$)|^\*$/i.test(vary)) {
    const evidence = evidenceOf(answer, `Vary of ${status}`, vary || "(none)");
    problems.push(doubtful(evidence, "The answer depends on the origin: add `add_header Vary Origin always;`."));
  }
  return problems;
}

export const EDGE_ERROR_CHECKS: readonly Check[] = [
  eventCheck({
    id: "edge.errors-as-json",
    line: "3.2",
    severity: "medium",
    asks: "What nginx refuses by itself is told as JSON, with its status",
    how: "Follows error_page for 413, 429, 502, 503 and 504 from where events arrive, and reads status, type and body.",
    remedy: "Take over deploy/edge/passerby/errors.conf.",
    look: (view) => overStatuses(STATUSES, view, judgeBody),
  }),
  eventCheck({
    id: "edge.errors-readable",
    line: "3.2",
    severity: "high",
    asks: "The site's pages can read these answers, and no other pages can",
    how: "Works out the headers of 413, 429, 502, 503 and 504 for each origin of ALLOWED_ORIGINS and for foreign ones.",
    remedy:
      "Add Access-Control-Allow-Origin from a map of $http_origin, Access-Control-Expose-Headers with Retry-After, and Vary: Origin, each with `always`.",
    may: ["settings"],
    after: ["cors.origins-set", "cors.edge-has-same-origins"],
    look: judgeOrigins,
  }),
  eventCheck({
    id: "edge.errors-retry-after",
    line: "3.2",
    severity: "medium",
    asks: "429, 502, 503 and 504 say when to come back",
    how: "Works out Retry-After of these answers of nginx.",
    remedy: "Add `add_header Retry-After $edge_retry_after always;` with a map of $status.",
    look: (view) =>
      overStatuses(toldIn(view, STATUSES), view, (answer, status) => {
        const value = headerIn(answer, "retry-after");
        if (value === undefined && !RETRIED.includes(status)) return undefined;
        if (value !== undefined && /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= LONGEST_WAIT_S)
          return undefined;
        const text = `Retry-After of ${status} is to be a number of seconds from 1 to ${LONGEST_WAIT_S}: trackers wait so long.`;
        return doubtful(evidenceOf(answer, `Retry-After of ${status}`, value ?? "(none)"), text);
      }),
  }),
  eventCheck({
    id: "edge.errors-not-kept",
    line: "3.2",
    severity: "low",
    asks: "No cache keeps what nginx refuses by itself",
    how: "Works out Cache-Control of these answers.",
    remedy: "Add `add_header Cache-Control no-store always;` beside their other headers.",
    look: (view) =>
      overStatuses(toldIn(view, STATUSES), view, (answer, status) => {
        const value = headerIn(answer, "cache-control") ?? "";
        if (/\bno-store\b/.test(value)) return undefined;
        return doubtful(evidenceOf(answer, `Cache-Control of ${status}`, value || "(none)"), "Say no-store.");
      }),
  }),
  eventCheck({
    id: "edge.collector-errors-pass",
    line: "3.2",
    severity: "high",
    asks: "Errors of the collector pass as they are",
    how: "Reads proxy_intercept_errors where events are passed on.",
    remedy: "Take `proxy_intercept_errors on;` out.",
    look: ({ event }) => {
      const [intercept] = inForce(event.scopes, "proxy_intercept_errors");
      if (intercept?.args[0] !== "on") return good(absent("proxy_intercept_errors", event.scopes));
      return found([failing(seen(intercept), "The tracker no longer sees why an event was refused: take it out.")]);
    },
  }),
];
