/** 1.3: what browsers are told about who may send events, by the collector and by whatever answers in its place. */
import { type Check, type Evidence, fail, pass, warn } from "../check.ts";
import { headerOf, seenHeader } from "../probe/ask.ts";
import {
  allowedOrigin,
  askErrors,
  askPreflight,
  askWrongMethod,
  type EdgeAnswer,
  FOREIGN_ORIGIN,
} from "../probe/edge-answers.ts";

const ORIGIN = "access-control-allow-origin";
const EXPOSED = "access-control-expose-headers";

type Need = { readonly header: string; readonly isRight: (value: string) => boolean; readonly asks: string };

const PREFLIGHT_NEEDS: readonly Need[] = [
  { header: "Access-Control-Allow-Methods", isRight: (value) => lists(value, "POST"), asks: "a list with POST" },
  {
    header: "Access-Control-Allow-Headers",
    isRight: (value) => lists(value, "Content-Type"),
    asks: "a list with Content-Type",
  },
];

/** Without these it works, at a price. */
const PREFLIGHT_WISHES: readonly Need[] = [
  {
    header: "Access-Control-Max-Age",
    isRight: (value) => Number(value) >= 600,
    asks: "86400, or browsers ask before nearly every event",
  },
  { header: "Vary", isRight: (value) => lists(value, "Origin"), asks: "Origin, or a cache may mix up the answers" },
];

export const PREFLIGHT_CHECKS: readonly Check[] = [
  {
    id: "cors.preflight",
    line: "1.3",
    severity: "critical",
    asks: "A preflight from the site is answered with the headers that let its pages send events",
    how: "Sends OPTIONS to the event route with the site's origin, as a browser does before an event in JSON.",
    remedy:
      "Name the origin in ALLOWED_ORIGINS, and let one alone answer for CORS: the collector does, so the proxy in front adds no Access-Control-* of its own.",
    needs: ["live"],
    may: ["site", "settings"],
    run: async (given) => {
      const origin = await allowedOrigin(given);
      const asked = await askPreflight(await given.need("live"), origin);
      const { status } = asked.answer;
      const answered = { what: "status", found: `${status}`, where: asked.where };
      if (status === 403) {
        return fail([answered], {
          text: `ALLOWED_ORIGINS does not name ${origin}: add it, and start the collector anew.`,
        });
      }
      if (status < 200 || status > 299) {
        return fail([answered], { text: "A preflight is to be answered 204: pass OPTIONS on to the collector." });
      }
      if (!isOnlyOrigin(asked, origin)) {
        return fail([seen(asked, ORIGIN)], { text: `Expected exactly one ${titled(ORIGIN)}: ${origin}.` });
      }
      const unmet = (needs: readonly Need[]): readonly Need[] => needs.filter((need) => !isMet(asked, need));
      const [missing, wished] = [unmet(PREFLIGHT_NEEDS), unmet(PREFLIGHT_WISHES)];
      if (missing.length > 0)
        return fail(
          missing.map(({ header }) => seen(asked, header)),
          { text: expected(missing) },
        );
      if (wished.length > 0)
        return warn(
          wished.map(({ header }) => seen(asked, header)),
          { text: expected(wished) },
        );
      return pass(
        answered,
        ...[ORIGIN, ...PREFLIGHT_NEEDS.map(({ header }) => header)].map((name) => seen(asked, name)),
      );
    },
  },
  {
    id: "cors.foreign-origin",
    line: "1.3",
    severity: "high",
    asks: "A foreign origin is allowed nothing",
    how: "Sends the preflight, and a request with the wrong method, with an origin that nobody can have.",
    remedy: "Name each origin in ALLOWED_ORIGINS, and let the proxy repeat no Origin header as it came.",
    needs: ["live"],
    after: ["cors.preflight"],
    run: async (given) => {
      const live = await given.need("live");
      const answers = [await askPreflight(live, FOREIGN_ORIGIN), await askWrongMethod(live, FOREIGN_ORIGIN)];
      const allowed = answers.filter(({ answer }) => answer.headers.has(ORIGIN));
      if (allowed.length === 0) return pass(...answers.map((one) => seen(one, ORIGIN)));
      return fail(
        allowed.map((one) => seen(one, ORIGIN)),
        { text: `${FOREIGN_ORIGIN} was asked with: expected no ${titled(ORIGIN)}.` },
      );
    },
  },
  {
    id: "cors.errors-readable",
    line: "1.3",
    severity: "high",
    asks: "A page can read errors, too, and how long it is to wait",
    how: "Asks for an unknown path, with the wrong method, with too large a body and with none, from the site's origin.",
    remedy:
      "Errors that the proxy makes itself need the headers that the collector would send: see deploy/edge/passerby/error-headers.conf.",
    needs: ["live"],
    may: ["site", "settings"],
    after: ["cors.preflight"],
    run: async (given) => {
      const origin = await allowedOrigin(given);
      const answers = await askErrors(await given.need("live"), origin);
      const wrong = answers.flatMap((one) => [
        ...(isOnlyOrigin(one, origin) ? [] : [seen(one, ORIGIN)]),
        ...(lists(headerOf(one.answer, EXPOSED) ?? "", "Retry-After") ? [] : [seen(one, EXPOSED)]),
        ...(lists(headerOf(one.answer, "vary") ?? "", "Origin") ? [] : [seen(one, "vary")]),
      ]);
      if (wrong.length === 0) return pass(...answers.map((one) => seen(one, ORIGIN)));
      const text = `Expected one ${titled(ORIGIN)}: ${origin} a ${titled(EXPOSED)} with Retry-After, and Vary: Origin. A page sees a network error instead, and tries again at the wrong time.`;
      return fail(wrong, { text });
    },
  },
  {
    id: "cors.no-credentials",
    line: "1.3",
    severity: "high",
    asks: "Cookies are never asked for with events",
    how: "Looks for Access-Control-Allow-Credentials in the answers to the preflight and to a request with the wrong method.",
    remedy: "Remove Access-Control-Allow-Credentials: the collector reads no cookie, and the tracker sends none.",
    needs: ["live"],
    may: ["site", "settings"],
    run: async (given) => {
      const [live, origin] = [await given.need("live"), await allowedOrigin(given)];
      const name = "access-control-allow-credentials";
      const evidence = [await askPreflight(live, origin), await askWrongMethod(live, origin)].map((one) =>
        seen(one, name),
      );
      const sent = evidence.filter(({ found }) => found !== "(none)");
      return sent.length === 0 ? pass(...evidence) : fail(sent, { text: `Send no ${titled(name)}.` });
    },
  },
];

function isOnlyOrigin({ answer }: EdgeAnswer, origin: string): boolean {
  const values = answer.headers.get(ORIGIN) ?? [];
  return values.length === 1 && values[0] === origin;
}

function isMet({ answer }: EdgeAnswer, { header, isRight }: Need): boolean {
  const value = headerOf(answer, header);
  return value !== undefined && isRight(value);
}

/** Whether a comma list has a name, in whatever case, or a `*`. */
function lists(value: string, name: string): boolean {
  const names = value.split(",").map((one) => one.trim().toLowerCase());
  return names.includes(name.toLowerCase()) || names.includes("*");
}

function seen({ answer, where }: EdgeAnswer, header: string): Evidence {
  return { what: titled(header), found: seenHeader(answer, header), where: `${where} → ${answer.status}` };
}

function expected(needs: readonly Need[]): string {
  return needs.map(({ header, asks }) => `${header}: expected ${asks}.`).join(" ");
}

/** `access-control-max-age` as documents write it. */
function titled(header: string): string {
  return header.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
