/** 9.5: the security headers, on every kind of answer, and what the edge says of itself. */
import { type Check, type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { headerOf, seenHeader } from "../probe/ask.ts";
import { allowedOrigin, askEveryKind, type EdgeAnswer } from "../probe/edge-answers.ts";

type Header = {
  readonly name: string;
  readonly isRight: (value: string, answer: EdgeAnswer["answer"]) => boolean;
  readonly write: string;
};

/** What the checklist asks for. */
export const REQUIRED_HEADERS: readonly Header[] = [
  {
    name: "X-Frame-Options",
    // frame-ancestors replaces it in every browser of today.
    isRight: (value, answer) => /^(deny|sameorigin)$/i.test(value) || (value === "" && forbidsFrames(answer)),
    write: "DENY",
  },
  { name: "X-Content-Type-Options", isRight: (value) => /^nosniff$/i.test(value), write: "nosniff" },
];

/** What is advised beside it. */
const ADVISED_HEADERS: readonly Header[] = [
  { name: "Referrer-Policy", isRight: (value) => value !== "" && !/unsafe-url/i.test(value), write: "no-referrer" },
  {
    name: "Permissions-Policy",
    isRight: (value) => value !== "",
    write: "browsing-topics=(), geolocation=(), camera=(), microphone=()",
  },
  {
    name: "Content-Security-Policy",
    isRight: (value) => value !== "",
    write: "default-src 'none'; frame-ancestors 'none'",
  },
  { name: "Cross-Origin-Opener-Policy", isRight: (value) => value !== "", write: "same-origin" },
];

const HSTS = "strict-transport-security";
/** 180 days, in seconds. */
const MIN_HSTS_SECONDS = 15_552_000;

const HOW =
  "Asks for health, a preflight, a script that has not changed, an unknown path, with the wrong method, with too large a body and with none, and counts the header in each answer.";
const INHERITANCE =
  "In nginx write them with always, and remember that a location with an add_header of its own loses all inherited ones: see deploy/edge/passerby/headers.conf.";

export const HEADER_CHECKS: readonly Check[] = [
  {
    id: "security.required-headers",
    line: "9.5",
    severity: "medium",
    asks: "Every kind of answer bears X-Frame-Options (or frame-ancestors) and X-Content-Type-Options, once",
    how: HOW,
    remedy: `Send both headers with every answer, errors included. ${INHERITANCE}`,
    needs: ["live"],
    may: ["site", "settings"],
    run: async (given) => judge(REQUIRED_HEADERS, await everyKind(given), fail),
  },
  {
    id: "security.advised-headers",
    line: "9.5",
    severity: "low",
    asks: "Every kind of answer bears Referrer-Policy, Permissions-Policy, Content-Security-Policy and Cross-Origin-Opener-Policy, once",
    how: HOW,
    remedy: `Send them with every answer. ${INHERITANCE}`,
    needs: ["live"],
    may: ["site", "settings"],
    after: ["security.required-headers"],
    run: async (given) => judge(ADVISED_HEADERS, await everyKind(given), warn),
  },
  {
    id: "security.hsts",
    line: "9.4",
    severity: "medium",
    asks: "Browsers are told to come by TLS only for half a year or longer (HSTS)",
    how: "Reads Strict-Transport-Security of every kind of answer.",
    remedy: 'Send "Strict-Transport-Security: max-age=63072000; includeSubDomains" with every answer over TLS.',
    needs: ["live", "tls"],
    may: ["site", "settings"],
    after: ["security.required-headers"],
    run: async (given) => {
      await given.need("tls");
      const answers = await everyKind(given);
      const wrong = answers.filter(({ answer }) => !isLongHsts(answer.headers.get(HSTS) ?? []));
      const evidence = (wrong.length === 0 ? answers : wrong).map((one) => seen(one, "Strict-Transport-Security"));
      if (wrong.length === 0) return pass(...evidence);
      return fail(evidence, { text: `Expected max-age=${MIN_HSTS_SECONDS} (180 days) or more, once in each answer.` });
    },
  },
  {
    id: "security.xss-filter-off",
    line: "9.5",
    severity: "low",
    asks: "X-XSS-Protection is 0 or is not sent",
    how: "Reads the header of every kind of answer.",
    remedy:
      "Send 0 or nothing. The filter that the header was about could be made to switch off scripts of a page, and is gone from browsers; 1; mode=block, which the checklist has, does no good any more.",
    needs: ["live"],
    may: ["site", "settings"],
    run: async (given) => {
      const answers = await everyKind(given);
      const isHarmless = (value: string): boolean => /^(0|1;\s*mode=block)$/.test(value);
      const wrong = answers.filter(({ answer }) => {
        const values = answer.headers.get("x-xss-protection") ?? [];
        return values.length > 1 || !values.every(isHarmless);
      });
      const evidence = (wrong.length === 0 ? answers : wrong).map((one) => seen(one, "X-XSS-Protection"));
      if (wrong.length > 0) return warn(evidence, { text: "Expected 0, or no such header." });
      const old = evidence.filter(({ found }) => found.startsWith("1"));
      return pass(...(old.length === 0 ? evidence : [{ what: "note", found: OLD_FILTER_NOTE }, ...old]));
    },
  },
  {
    id: "security.version-untold",
    line: "9.5",
    severity: "low",
    asks: "No answer tells which version of a server runs",
    how: "Reads Server and X-Powered-By of every kind of answer.",
    remedy: "In nginx: server_tokens off; and proxy_hide_header X-Powered-By.",
    needs: ["live"],
    may: ["site", "settings"],
    run: async (given) => {
      const answers = await everyKind(given);
      const told = answers.flatMap((one) =>
        ["Server", "X-Powered-By"].map((name) => seen(one, name)).filter(({ found }) => /\d/.test(found)),
      );
      if (told.length > 0) return warn(told, { text: "Expected a name without a version, or no such header." });
      return pass(...answers.map((one) => seen(one, "Server")));
    },
  },
  {
    id: "security.http2",
    line: "9.5",
    severity: "low",
    asks: "HTTP/2 is offered",
    how: "Asks for it while TLS is set up (ALPN).",
    remedy: "In nginx: listen 443 ssl http2; or, since 1.25.1, http2 on;",
    needs: ["tls"],
    run: async (given) => {
      const { url, application } = await given.need("tls");
      const evidence = { what: "ALPN", found: application || "(none)", where: url.href };
      if (application === "h2") return pass(evidence);
      return warn([evidence], { text: "Expected h2: the events of a page then share one connection." });
    },
  },
];

const OLD_FILTER_NOTE =
  "X-XSS-Protection: 1; mode=block is what the checklist has; 0 is better, because the filter opened holes";

/** Holds headers against answers; returns `complain` with every one that is wrong. */
export function judge(headers: readonly Header[], answers: readonly EdgeAnswer[], complain: typeof fail): Finding {
  const wrong = headers.flatMap((header) =>
    answers
      .filter(({ answer }) => !isRight(header, answer))
      .map((one) => ({ header, evidence: seen(one, header.name) })),
  );
  if (wrong.length === 0) {
    return pass(...answers.map(({ answer, where }) => ({ what: "status", found: `${answer.status}`, where })));
  }
  const names = [...new Set(wrong.map(({ header }) => header))].map(({ name, write }) => `${name}: ${write}`);
  const text = `Expected once in each answer: ${names.join("; ")}. ${INHERITANCE}`;
  return complain(
    wrong.map(({ evidence }) => evidence),
    { text },
  );
}

function isRight({ name, isRight: isValueRight }: Header, answer: EdgeAnswer["answer"]): boolean {
  const values = answer.headers.get(name.toLowerCase()) ?? [];
  return values.length < 2 && isValueRight(values[0]?.trim() ?? "", answer);
}

function forbidsFrames(answer: EdgeAnswer["answer"]): boolean {
  return /frame-ancestors\s+('none'|'self')/.test(headerOf(answer, "content-security-policy") ?? "");
}

function isLongHsts(values: readonly string[]): boolean {
  const seconds = /max-age="?(\d+)/i.exec(values[0] ?? "")?.[1];
  return values.length === 1 && Number(seconds ?? 0) >= MIN_HSTS_SECONDS;
}

async function everyKind(given: Given): Promise<readonly EdgeAnswer[]> {
  return askEveryKind(await given.need("live"), await allowedOrigin(given));
}

function seen({ answer, where }: EdgeAnswer, header: string): Evidence {
  return { what: header, found: seenHeader(answer, header), where: `${where} → ${answer.status}` };
}
