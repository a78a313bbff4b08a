import { createHash } from "node:crypto";
import fc from "fast-check";
import { validate, version } from "uuid";
import { describe, expect, it } from "vitest";
import { fileKey, fileKeyOfEvent, importedEventId } from "./import-id.ts";

const sha256 = fc.string().map((text) => createHash("sha256").update(text).digest("hex"));
const offset = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("importedEventId", () => {
  it("is a UUID version 8 that tells the file, for every file and offset", () => {
    fc.assert(
      fc.property(sha256, offset, (sha, place) => {
        const id = importedEventId(fileKey(sha), place);
        expect([validate(id), version(id)]).toEqual([true, 8]);
        expect(fileKeyOfEvent(id)).toBe(fileKey(sha));
      }),
    );
  });

  it("differs for two lines of a file and for one line of two files", () => {
    fc.assert(
      fc.property(fc.tuple(sha256, offset), fc.tuple(sha256, offset), (a, b) => {
        fc.pre(a[0] !== b[0] || a[1] !== b[1]);
        expect(importedEventId(fileKey(a[0]), a[1])).not.toBe(importedEventId(fileKey(b[0]), b[1]));
      }),
    );
  });

  it("stays what it was", () => {
    expect(importedEventId(fileKey(createHash("sha256").update("").digest("hex")), 258)).toBe(
      "e3b0c442-98fc-81c1-926b-000000000102",
    );
  });
});

describe("fileKeyOfEvent", () => {
  it("knows no file of an id that no import made", () => {
    expect(fileKeyOfEvent("01938f5e-7a10-7cc0-8a4b-0123456789ab")).toBeUndefined();
    expect(fileKeyOfEvent("hello")).toBeUndefined();
  });
});
