/** Bodies that a client should not send, and some that it may, for fast-check. */
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";

/** JSON values that parsers, objects and databases stumble over. */
const ODD_JSON = [
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  "1e999",
  "-1e999",
  "-0",
  "1e-400",
  "9007199254740993",
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\u2028\\u2029\\u0085\\ufeff"',
  '"\\u001b[31m\\r\\n{\\"v\\":1}"',
  '{"toJSON":1,"then":2,"length":-1}',
  '{"a":1,"a":2,"a":{"b":3}}',
  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
  '{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}',
  "null",
  "true",
  '""',
];

const FIELDS = [
  ...["event", "visitor_id", "timestamp", "metadata", "event_id", "site", "url", "referrer", "title", "screen"],
  ...["language", "session_id", "sample_rate", "bucket", "user_agent", "seq", "received_at", "__proto__", "is_bot"],
  ...["events", "sent_at", "lost", "contract", "toString"],
];

const PLAIN_EVENT = { event: "fuzz", url: "https://example.com/a?utm_source=b", metadata: { a: 1, b: ["c", null] } };

/** An event whose fields are right, odd, or anything. */
const eventText = fc
  .dictionary(fc.constantFrom(...FIELDS), fc.oneof(fc.constantFrom(...ODD_JSON), fc.json({ maxDepth: 4 })), {
    maxKeys: 4,
  })
  .chain((odd) =>
    fc.boolean().map((isPlain) => {
      const fields = isPlain ? Object.entries(PLAIN_EVENT).map(([key, value]) => [key, JSON.stringify(value)]) : [];
      return `{${[...fields, ...Object.entries(odd)].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join()}}`;
    }),
  );

const validText = fc
  .record({ event: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), title: fc.string({ unit: "binary" }) })
  .map(({ event, title }) => JSON.stringify({ ...PLAIN_EVENT, event: `e${event}`, title: title.slice(0, 99) }));

const batchText = fc
  .array(fc.oneof(validText, eventText, fc.constantFrom(...ODD_JSON)), { maxLength: 8 })
  .chain((items) => fc.constantFrom(`[${items.join()}]`, `{"events":[${items.join()}],"contract":2,"lost":1}`));

/** Cuts, doubles, overwrites or drops a piece of a text, as a broken client or a person with time does. */
const mutated = fc
  .tuple(
    fc.oneof(validText, batchText),
    fc.nat(),
    fc.nat(20),
    fc.constantFrom("", "\0", '"', "{", "]", "\\", "\xff", "1e"),
  )
  .chain(([text, place, length, put]) => {
    const at = place % text.length;
    const piece = text.slice(at, at + length);
    return fc.constantFrom(
      text.slice(0, at),
      text.slice(0, at) + put + text.slice(at + length),
      text.slice(0, at) + piece + piece + text.slice(at + length),
    );
  });

const text = fc.oneof(
  { weight: 4, arbitrary: validText },
  { weight: 2, arbitrary: batchText },
  { weight: 3, arbitrary: eventText },
  { weight: 4, arbitrary: mutated },
  fc.oneof(fc.json(), fc.constantFrom(...ODD_JSON)),
);

/** A body before compression: mostly JSON of some kind in UTF-8, else in another encoding, else bytes. */
const plainBody = fc.oneof(
  { weight: 8, arbitrary: text.map((json) => Buffer.from(json)) },
  {
    weight: 1,
    arbitrary: text.chain((json) => fc.constantFrom(Buffer.from(json, "utf16le"), Buffer.from(json, "latin1"))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
);

const BOMB = gzipSync(Buffer.alloc(20_000_000));

export type HostileBody = { readonly bytes: Buffer; readonly encoding: string | undefined };

/** What compression makes of a body: right, cut, followed by more, twice, a bomb, or not what the header says. */
export const hostileBody: fc.Arbitrary<HostileBody> = plainBody.chain((plain) => {
  const isBomb = fc.constant({ bytes: BOMB, encoding: "gzip" });
  const packed = fc
    .constantFrom<[string, (bytes: Buffer) => Buffer]>(["gzip", gzipSync], ["br", brotliCompressSync])
    .chain(([encoding, compress]) => {
      const bytes = compress(plain);
      return fc.constantFrom(
        { bytes, encoding },
        { bytes: bytes.subarray(0, -3), encoding },
        { bytes: Buffer.concat([bytes, plain]), encoding },
        { bytes: compress(bytes), encoding },
        { bytes, encoding: encoding === "br" ? "gzip" : "br" },
        { bytes, encoding: undefined },
        { bytes: plain, encoding },
      );
    });
  const odd = fc.constantFrom("identity", "deflate", "gzip, br", "GZIP", "x".repeat(300), "");
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant({ bytes: plain, encoding: undefined }) },
    { weight: 6, arbitrary: packed },
    { weight: 1, arbitrary: odd.map((encoding) => ({ bytes: plain, encoding })) },
    { weight: 1, arbitrary: isBomb },
  );
});
