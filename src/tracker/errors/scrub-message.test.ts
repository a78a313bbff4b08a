/** Holds what of an error message may leave the browser. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { scrubMessage } from "./scrub-message.ts";

test.for([
  ["Failed to load https://a.example/b?token=secret&x=1 again", "Failed to load https://a.example/b again"],
  ["Failed to load https://a.example/b#access_token=secret", "Failed to load https://a.example/b"],
  ["GET /b?id=7&name=Ada failed", "GET /b failed"],
  ["GET https://ada:secret@a.example/b failed", "GET https://a.example/b failed"],
  ["no account for ada.lovelace+x@mail.example.org", "no account for [redacted]"],
  ["no account for ada%40example.org", "no account for [redacted]"],
  ["bad token eyJhbGciOiJIUzI1NiJ9abc1", "bad token [redacted]"],
  ["bad key 0123456789abcdef0123456789abcdef", "bad key [redacted]"],
  [`Unexpected token 'A', "Ada Lovelace" is not valid JSON`, `Unexpected token 'A', "…" is not valid JSON`],
  [
    `Unexpected token 'A', ..."e Ada "x" Lov"... is not valid JSON`,
    `Unexpected token 'A', ..."…"... is not valid JSON`,
  ],
])("makes of %s: %s", ([message = "", scrubbed]) => {
  expect(scrubMessage(message)).toBe(scrubbed);
});

test.for([
  "TypeError: undefined is not an object (evaluating 'a?.b')",
  "TypeError: Cannot read properties of undefined (reading 'getElementsByClassName')",
  "SyntaxError: Unexpected token '?'",
  "NotAllowedError: why? since a = b",
  "Loading chunk 17 failed",
  "cannot find react-dom@18.2.0",
])("leaves %s alone", (message) => {
  expect(scrubMessage(message)).toBe(message);
});

test("changes nothing the second time, and is at most 256 characters long", () => {
  const part = fc.oneof(
    fc.string(),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.emailAddress(),
    fc.stringMatching(/^[\w?#&=@%.-]{0,40}$/),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const scrubbed = scrubMessage(parts.join(" "));
      expect(scrubbed.length).toBeLessThanOrEqual(256);
      expect(scrubMessage(scrubbed)).toBe(scrubbed);
    }),
  );
});

test("leaves no e-mail address and no long run with a digit in any text, not even where the text is cut", () => {
  const secret = fc.oneof(fc.constant("ada@mail.example"), fc.constant("a1b2c3d4e5f6a1b2c3d4e5f6"));
  fc.assert(
    fc.property(secret, fc.integer({ min: 0, max: 1_100 }), (text, before) => {
      const scrubbed = scrubMessage(`${"x y ".repeat(before / 4)} ${text}`);
      expect(scrubbed).not.toMatch(/ada@|a1b2c3d4/);
    }),
  );
});
