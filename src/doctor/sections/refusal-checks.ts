/** 3.2, seen from outside: what an edge says beside its refusals, which CORS is not about. */
import { type Check, type Evidence, pass, warn } from "../check.ts";
import { headerOf, seenHeader } from "../probe/ask.ts";
import { allowedOrigin, askWrongMethod, type EdgeAnswer } from "../probe/edge-answers.ts";

const NOT_KEPT = /no-store|no-cache|private|max-age=0/i;

export const REFUSAL_CHECKS: readonly Check[] = [
  {
    id: "edge.errors-uncached",
    line: "3.2",
    severity: "low",
    asks: "No cache keeps a refusal of the event route",
    how: "Reads Cache-Control of the answer to the wrong method, which caches may keep unasked (RFC 9110, 15.1).",
    remedy: "Send Cache-Control: no-store with errors that the proxy makes itself.",
    needs: ["live"],
    may: ["site", "settings"],
    after: ["cors.errors-readable"],
    run: async (given) => {
      const asked = await askWrongMethod(await given.need("live"), await allowedOrigin(given));
      if (NOT_KEPT.test(headerOf(asked.answer, "cache-control") ?? "")) return pass(seen(asked, "Cache-Control"));
      return warn([seen(asked, "Cache-Control")], {
        text: "Expected no-store: a cache could answer the next request with it.",
      });
    },
  },
  {
    id: "edge.wrong-method-allow",
    line: "3.2",
    severity: "low",
    asks: "A wrong method is answered 405 with the methods that are taken",
    how: "GET of the event route.",
    remedy: "Let the collector answer, or send Allow: POST, OPTIONS with the 405 (RFC 9110, 15.5.6).",
    needs: ["live"],
    may: ["site", "settings"],
    after: ["cors.errors-readable"],
    run: async (given) => {
      const asked = await askWrongMethod(await given.need("live"), await allowedOrigin(given));
      const allow = headerOf(asked.answer, "allow") ?? "";
      if (asked.answer.status === 405 && /\bPOST\b/.test(allow)) return pass(seen(asked, "Allow"));
      return warn([seen(asked, "Allow")], { text: "Expected 405 with Allow: POST, OPTIONS." });
    },
  },
];

function seen({ answer, where }: EdgeAnswer, header: string): Evidence {
  return { what: header, found: seenHeader(answer, header), where: `${where} → ${answer.status}` };
}
