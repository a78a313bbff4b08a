import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSaltKey } from "./salt-key.ts";

it("a salt key gives the first 16 bytes of Node's HMAC-SHA-256, for any salt and text, again and again", () => {
  const salt = fc.uint8Array({ minLength: 1, maxLength: 64 });
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 600, maxLength: 900, unit: "grapheme" }));
  fc.assert(
    fc.property(salt, fc.array(text, { minLength: 1, maxLength: 4 }), (bytes, texts) => {
      const key = createSaltKey(bytes);
      for (const message of texts) {
        const whole = createHmac("sha256", bytes).update(message.toWellFormed()).digest();
        expect(key.digest(message)).toBe(whole.subarray(0, 16).toString("base64url"));
      }
    }),
  );
});
