/** Holds that a line is read in SQL only where decodeLine reads it, and then with the same values. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anyText } from "../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../test/fault/make-event.ts";
import { isLong } from "../../test/means.ts";
import type { AcceptedEvent } from "../event.ts";
import { encodeLines } from "../log/write/encode-line.ts";
import { CREATE_INCOMING, READ_CHUNKS } from "./certain-lines.ts";
import { judgeDoubtfulLines } from "./doubtful-lines.ts";
import { type Database, openDatabase } from "./duckdb.ts";

const ID = "018f0000-0000-7000-8000-00000000000a";
/** Values as they may stand in a line: each is the trouble that some field could have. */
const RAW_VALUES = [
  ...["0", "1", "2", "-0", "-1", "1.0", "1e0", "1e999", "1e-7", "0.5", "0.50", "0.1", "0.30000000000000004", "1E2"],
  ...["9007199254740991", "9007199254740992", "12345678901234567890", "true", "false", "null", "[]", "{}", "{ }"],
  ...['""', '"1"', '"0.5"', '"true"', '"x"', '"é😀"', '"a\\/b"', '"\\u0000"', '"\\ud800"', '"\\u00e9"', '"\\"\\\\\\n"'],
  ...['"page"', '"clamped"', '"desktop"', '"toaster"', '"smoke_test"', '"smoke-12"', '"import-old"', '"engagement"'],
  ...[`"${ID.toUpperCase()}"`, `"{${ID}}"`, `"${ID.replaceAll("-", "")}"`, `"${ID} "`, `"${ID}"`],
  ...[
    "2026-02-28",
    "2026-02-29",
    "2026-02-30",
    "2024-02-29",
    "1900-02-29",
    "2026-04-31",
    "0000-01-01",
    "9999-12-31",
  ].map((day) => `"${day}T10:00:00.000Z"`),
  ...[
    "24:00:00.000Z",
    "23:59:60.000Z",
    "23:59:59.999Z",
    "10:00:00.000z",
    "10:00:00,000Z",
    "10:00:00.00Z",
    "1:00:00.000Z ",
  ].map((time) => `"2026-11-20T${time}"`),
  ...['"2026-11-20 10:00:00.000Z"', '" 2026-1-20T10:00:00.000Z"', '"2026-11-20T10:00:00.000+00:00"'],
  ...[
    '"https://a.com"',
    '"https://a.com?x=/y"',
    '"https://a.com/a#b"',
    '"https://a.com/a?b#c"',
    '"a.com/b"',
    '"x?y://z/w"',
  ],
  ...[
    '{"a":1,"a":2}',
    '{"b":1,"a":2}',
    '{"2":1,"1":2}',
    '{"a":{"b":1}}',
    '{"a":[1,"x",null]}',
    '{"a":[[1]]}',
    '{"":1}',
  ],
  ...['{"__proto__":1}', '{"a":-0}', '{"a":1e2}', '{"a":1E2}', '{"a":0.000001}', '{"a":0.0000001}', '{"a":1.50}'],
  ...[
    '{"a":123456789.123456}',
    '{"a":1234567890.1234567}',
    '{"a":"\\u001f"}',
    '{"a":"\\n\\"\\\\"}',
    '{"a" :1}',
    '{"\\n":1}',
  ],
  ...['{"path":"/x?y"}', '{"path":7}', '{"path":""}', '{"path":"?x"}', '{"path":"/é"}', '{"path":["/x"]}', '"{}"'],
] as const;

const number = fc.oneof(
  fc.double().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((value) => value.toFixed(4)),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc
    .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: -12, max: 12 }))
    .map((parts) => parts.join("e")),
);
const rawValue = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...RAW_VALUES) },
  { weight: 1, arbitrary: number },
  { weight: 1, arbitrary: number.map((value) => `{"a":${value}}`) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: anyText.map((value) => JSON.stringify(value)) },
);

const event: fc.Arbitrary<AcceptedEvent> = fc
  .record({
    title: fc.option(anyText, { nil: undefined }),
    metadata: fc.dictionary(fc.oneof(anyText, fc.constantFrom("path", "a", "b")), fc.jsonValue({ maxDepth: 1 })),
    url: fc.constantFrom(undefined, "https://a.com/b?utm_source=x", "https://a.com", "https://a.com/a/"),
    sampleRate: fc.constantFrom(1, 0.5, 0.1, 1 / 3),
  })
  .map(({ title, url, ...fields }) => ({
    ...makeEvent("x", { eventId: ID }),
    ...(title !== undefined && { title }),
    ...(url !== undefined && { url }),
    ...fields,
  }));

type Pairs = readonly (readonly [name: string, raw: string])[];
type Edit = (pairs: Pairs) => Pairs;

const at = fc.nat({ max: 200 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(at, rawValue).map(
    ([place, raw]): Edit =>
      (pairs) =>
        pairs.map(([name, value], index) => [name, index === place % pairs.length ? raw : value]),
  ),
  at.map(
    (place): Edit =>
      (pairs) =>
        pairs.filter((_, index) => index !== place % pairs.length),
  ),
  fc.tuple(at, at).map(
    ([from, to]): Edit =>
      (pairs) =>
        pairs.toSpliced(to % pairs.length, 0, pairs[from % pairs.length] ?? ["x", "1"]),
  ),
  fc.tuple(at, fc.constantFrom("x", "title", "event", "referrer", "bucket", "clock", "erased"), rawValue).map(
    ([place, name, raw]): Edit =>
      (pairs) =>
        pairs.toSpliced(place % (pairs.length + 1), 0, [name, raw]),
  ),
);
const textEdit = fc.oneof(
  { weight: 6, arbitrary: fc.constant((text: string) => text) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\r", " ", "\t", "\u0000", "}", ",").map((end) => (text: string) => text + end),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.constantFrom(" ", '"', "\\", ",", "\u0000", "0", "é", "")).map(
      ([place, put]) =>
        (text: string) =>
          text.slice(0, place % text.length) + put + text.slice((place % text.length) + (put === "" ? 1 : 0)),
    ),
  },
);
const line = fc.tuple(event, fc.array(edit, { maxLength: 2 }), textEdit).map(([given, edits, editText]) => {
  const pairs = Object.entries(JSON.parse(encodeOne(given))).map(([name, value]): readonly [string, string] => [
    name,
    JSON.stringify(value),
  ]);
  const edited = edits.reduce<Pairs>((before, change) => change(before), pairs);
  const text = `{${edited.map(([name, raw]) => `"${name}":${raw}`).join(",")}}`;
  return editText(text).replaceAll("\n", "").toWellFormed();
});

function encodeOne(given: AcceptedEvent): string {
  return encodeLines([given], { writer: "w1", start: "start-1", seq: 7 }).slice(0, -1);
}

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ path: null, memoryLimitBytes: 268_435_456, now: Date.now, onWarning: () => {} });
});
afterAll(() => database.close());

/** Reads the lines in SQL; returns those that were not certain. */
async function readInSql(lines: readonly string[]): Promise<readonly unknown[]> {
  const { ask, duckdb } = database.writer;
  await ask("CREATE OR REPLACE TEMP TABLE chunks (first_line UINTEGER, bytes BLOB)");
  const appender = await duckdb.createAppender("chunks", "main", "temp");
  appender.appendUInteger(0);
  appender.appendBlob(Buffer.from(lines.join("\n")));
  appender.endRow();
  appender.closeSync();
  await ask(CREATE_INCOMING);
  await ask(READ_CHUNKS);
  return (await ask("SELECT raw FROM incoming WHERE raw IS NOT NULL ORDER BY line")).map((row) => row["raw"]);
}

/** Reads the same certain lines by decodeLine; returns what differs. */
async function differences(): Promise<readonly unknown[]> {
  const { ask } = database.writer;
  await ask("CREATE OR REPLACE TEMP TABLE certain AS SELECT * FROM incoming WHERE raw IS NULL");
  await ask(`CREATE OR REPLACE TEMP TABLE incoming AS SELECT certain.* EXCLUDE (raw), texts[line + 1] AS raw
    FROM certain, (SELECT string_split(decode(bytes), chr(10)) AS texts FROM chunks)`);
  const lines = await ask("SELECT line, raw FROM incoming ORDER BY line");
  const refused = await judgeDoubtfulLines(database.writer);
  const different = await ask(`(FROM certain EXCEPT FROM incoming) UNION ALL (FROM incoming EXCEPT FROM certain)`);
  return refused.length > 0 || different.length > 0 ? [refused, ...different, ...lines] : [];
}

test("what SQL is certain of is what decodeLine says of it", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 60 }), async (lines) => {
      await readInSql(lines);
      expect(await differences()).toEqual([]);
    }),
    { numRuns: isLong ? 5_000 : 30, interruptAfterTimeLimit: isLong ? 300_000 : 30_000 },
  );
});

test("each troublesome value in each field is read as decodeLine reads it, or left to it", async () => {
  const names = Object.keys(JSON.parse(encodeOne(makeEvent("x"))));
  const whole = encodeOne({ ...makeEvent("x", { eventId: ID }), url: "https://a.com/b", referrer: "https://b.org/" });
  const pairs = Object.entries(JSON.parse(whole));
  const lines = names.flatMap((changed) =>
    RAW_VALUES.map(
      (raw) =>
        `{${pairs.map(([name, value]) => `"${name}":${name === changed ? raw : JSON.stringify(value)}`).join(",")}}`,
    ),
  );
  const left = await readInSql(lines);
  expect(await differences()).toEqual([]);
  expect(left.length).toBeLessThan(lines.length);
});

test("is certain of what the encoder writes of ordinary events", async () => {
  const events = [
    makeEvent("x"),
    { ...makeEvent("x"), metadata: {} },
    { ...makeEvent("x"), title: "Größe – 你好 😀", url: "https://a.com/%E4?utm_source=x", bucket: "page" as const },
    { ...makeEvent("x"), event: "web_vital", metadata: { name: "CLS", value: 0.0123, good: true, parts: [1, 2] } },
    {
      ...makeEvent("x"),
      sampleRate: 0.25,
      serverSampleRate: 0.1,
      clock: "clamped" as const,
      metadata: { text: 'a "b"\n' },
    },
  ];
  expect(await readInSql(events.map(encodeOne))).toEqual([]);
  expect(await differences()).toEqual([]);
});
