import fc from "fast-check";
import { expect, it } from "vitest";
import { replaceEmails } from "./email-addresses.ts";

/** The same as one pattern: what is meant, though not in linear time. */
const EMAIL = /[\w.+'-]{0,63}[\w+'-]@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62}){1,8}/gi;

it("finds in any text the addresses that the pattern finds", () => {
  const piece = fc.oneof(
    fc.constantFrom("@", ".", "a", "B1", "+'_-", " ", "é", "K", "a@b.cc"),
    fc.integer({ min: 60, max: 70 }).map((length) => "x".repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      expect(replaceEmails(text, () => "#")).toBe(text.replace(EMAIL, () => "#"));
    }),
    { numRuns: 1000 },
  );
});
