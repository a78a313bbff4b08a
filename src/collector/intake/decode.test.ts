import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedData } from "../../../test/means.ts";
import { PasserbyError } from "../../errors.ts";
import { REFUSAL_REASONS } from "../../event.ts";
import { decodeBatch, parseTimestamp } from "./decode.ts";

const json = "application/json";

function decode(text: string | Buffer, contentType: string | undefined = json, contentEncoding?: string) {
  return decodeBatch({ bytes: Buffer.from(text), contentType, contentEncoding });
}

async function codeOf(decoding: Promise<unknown>): Promise<string> {
  return decoding.then(
    () => "decoded",
    (error: unknown) => (error instanceof PasserbyError ? error.code : "crash"),
  );
}

describe("a request body", () => {
  it("is one event, an array, or an envelope", async () => {
    expect((await decode('{"event":"a"}')).events).toEqual([{ event: "a" }]);
    expect((await decode('[{"event":"a"},{"event":"b"}]')).events).toHaveLength(2);
    const envelope = await decode('{"events":[{"event":"a"}],"sent_at":"2026-01-01T00:00:00Z","lost":3,"contract":1}');
    expect(envelope).toEqual({ events: [{ event: "a" }], sentAtMs: Date.UTC(2026, 0, 1), lost: 3, contract: 1 });
  });

  it.each([[json], ["application/json; charset=utf-8"], ["text/plain;charset=UTF-8"], ["Application/JSON"]])(
    "may come as %s",
    async (type) => {
      expect((await decode("[1]", type)).events).toEqual([1]);
    },
  );

  it.each([[undefined], ["application/x-www-form-urlencoded"], ["text/html"], ["application/jsonx"]])(
    "is refused as %s",
    async (type) => {
      expect(
        await codeOf(decodeBatch({ bytes: Buffer.from("[1]"), contentType: type, contentEncoding: undefined })),
      ).toBe("unsupported_media_type");
    },
  );

  it("is inflated from gzip and brotli", async () => {
    expect((await decode(gzipSync("[1]"), json, "gzip")).events).toEqual([1]);
    expect((await decode(brotliCompressSync("[1]"), json, "br")).events).toEqual([1]);
  });

  it("is refused before it inflates past its bound", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
    expect(bomb.length).toBeLessThan(65_536);
    expect(await codeOf(decode(bomb, json, "gzip"))).toBe("payload_too_large");
    expect(await codeOf(decode(brotliCompressSync(Buffer.alloc(5_000_000, 32)), json, "br"))).toBe("payload_too_large");
  });

  it("is refused when something follows its compressed end", async () => {
    const trailing = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from("more")]);
    expect(await codeOf(decode(trailing(gzipSync("[1]")), json, "gzip"))).toBe("invalid_json");
    expect(await codeOf(decode(trailing(brotliCompressSync("[1]")), json, "br"))).toBe("invalid_json");
  });

  it("is a batch or a refusal of the closed list, whatever the bytes", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    const body = fc.record({
      bytes: bytes.chain((plain) => fc.constantFrom(plain, gzipSync(plain), brotliCompressSync(plain))),
      contentType: fc.constantFrom(json, "text/plain", "text/html", undefined),
      contentEncoding: fc.constantFrom(undefined, "gzip", "br", "deflate", ""),
    });
    await fc.assert(
      fc.asyncProperty(body, async (encoded) => {
        const code = await codeOf(decodeBatch({ ...encoded, bytes: Buffer.from(encoded.bytes) }));
        expect(["decoded", ...REFUSAL_REASONS]).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["{", undefined],
    ["", undefined],
    ["NaN", undefined],
    ['{"event":"a","timestamp":NaN}', undefined],
    ["plain text", "gzip"],
  ])("is refused as no JSON: %j %s", async (text, encoding) => {
    expect(await codeOf(decode(text, json, encoding))).toBe("invalid_json");
  });

  it("may begin with a byte order mark, which RFC 8259 section 8.1 lets a parser ignore", async () => {
    expect((await decode("\u{feff}[1]")).events).toEqual([1]);
  });

  it("is refused when it is not UTF-8", async () => {
    expect(await codeOf(decode(Buffer.from([0x22, 0xff, 0x22])))).toBe("invalid_json");
  });

  it("is refused in an encoding that is not known", async () => {
    expect(await codeOf(decode("[1]", json, "deflate"))).toBe("unsupported_media_type");
  });

  it("holds 1 to 500 events", async () => {
    const many = (count: number): string => JSON.stringify(new Array(count).fill({ event: "a" }));
    expect((await decode(many(500))).events).toHaveLength(500);
    expect(await codeOf(decode(many(501)))).toBe("payload_too_large");
    expect(await codeOf(decode("[]"))).toBe("invalid_event");
  });

  it("names the field of the envelope that is wrong", async () => {
    await expect(decode('{"events":[{}],"sentat":1}')).rejects.toMatchObject({ details: [{ path: "/sentat" }] });
    await expect(decode('{"events":{}}')).rejects.toMatchObject({ details: [{ path: "/events" }] });
    await expect(decode('{"events":[{}],"lost":-1}')).rejects.toMatchObject({ details: [{ path: "/lost" }] });
    await expect(decode('{"events":[{}],"sent_at":"yesterday"}')).rejects.toMatchObject({
      details: [{ path: "/sent_at" }],
    });
  });

  it("of a newer contract may have fields that we do not know", async () => {
    expect((await decode('{"events":[{"event":"a"}],"contract":2,"later":true}')).contract).toBe(2);
  });
});

describe("a timestamp", () => {
  it.each([
    ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z"],
    ["2026-11-23T10:00:00.123456+02:00", "2026-11-23T08:00:00.123Z"],
    ["2026-11-23T10:00:00+0530", "2026-11-23T04:30:00.000Z"],
    ["2026-11-23T10:00Z", "2026-11-23T10:00:00.000Z"],
    ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"],
  ])("%s is read as %s", (text, expected) => {
    expect(new Date(parseTimestamp(text) ?? Number.NaN).toISOString()).toBe(expected);
  });

  it.each([
    "NaN",
    "",
    "1700000000000",
    "2026-11-23",
    "2026-11-23T10:00:00",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-23T25:00:00Z",
    "0000-00-00T00:00:00Z",
  ])("%s is refused", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});

const parsing = sharedData("json_parsing.jsonl");

describe.skipIf(parsing === undefined)("the JSON test suite [needs shared data]", () => {
  const cases = (parsing === undefined ? [] : readFileSync(parsing, "utf8").trim().split("\n")).map(
    (line): { name: string; expect: string; b64: string } => JSON.parse(line),
  );

  it.each(cases)("$name: $expect", async ({ expect: expected, b64 }) => {
    // An event is never at the top of these files, so a body that parses is refused later, or is a batch.
    const code = await codeOf(decode(Buffer.from(b64, "base64")));
    const isJson = code !== "invalid_json";
    if (expected !== "either") expect(isJson).toBe(expected === "accept");
    expect(code).not.toBe("crash");
  });
});
