/** Holds what is said of an error, that nothing thrown breaks the saying, and that nothing personal is in it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { describeRaised, describeRejection, type RaisedError } from "./describe-error.ts";

const FILE = "https://a.example/assets/main.js";
const raise = (changes: Partial<RaisedError>): RaisedError => ({
  ...{ message: "Uncaught TypeError: x is not a function", filename: FILE, lineno: 3, colno: 7 },
  ...changes,
});

test("says message and place of an error, the same in every browser", () => {
  const told = { message: "TypeError: x is not a function", source: `${FILE}:3:7` };
  expect(describeRaised(raise({}))).toEqual(told);
  expect(describeRaised(raise({ message: "TypeError: x is not a function" }))).toEqual(told);
});

test.for([
  ["an inline script of a page with a query", "https://a.example/page?token=1#x", "https://a.example/page:3:7"],
  ["a page whose path holds an address", "https://a.example/u/ada@b.example", "https://a.example/u/[redacted]:3:7"],
  ["user and password", "https://ada:secret@a.example/x.js", "https://a.example/x.js:3:7"],
  ["a script file with a long hash", `${FILE}/2f8a9c1d2f8a9c1d2f8a9c1d.js`, `${FILE}/2f8a9c1d2f8a9c1d2f8a9c1d.js:3:7`],
  ["a blob", "blob:https://a.example/0b0b", "blob::3:7"],
  ["code from an address", "data:text/javascript,alert('ada')", "data::3:7"],
  ["no address", "", ""],
  ["what is no address", "anonymous", ""],
] as const)("reduces the source of %s", ([, filename, source]) => {
  expect(describeRaised(raise({ filename }))?.source).toBe(source);
});

test("says of a script of another origin that its error is hidden", () => {
  const hidden = raise({ message: "Script error.", filename: "", lineno: 0, colno: 0 });
  expect(describeRaised(hidden)).toEqual({ message: "Script error.", source: "cross-origin" });
  expect(describeRaised({ ...hidden, message: "Script error" })).toEqual(describeRaised(hidden));
});

test.for(["chrome-extension://abc/a.js", "moz-extension://abc/a.js", "webkit-masked-url://hidden/"])(
  "says nothing of an error of a browser extension at %s",
  (filename) => {
    expect(describeRaised(raise({ filename }))).toBeUndefined();
    expect(describeRejection({ stack: `Error: x\n    at f (${filename}:1:2)` })).toBeUndefined();
  },
);

test.for([
  ["V8", `Error: see https://x.example/a:1:2 there\n    at f (${FILE}:3:7)\n    at https://b.example/c.js:1:1`],
  ["SpiderMonkey and JavaScriptCore", `f@${FILE}:3:7\ng@https://b.example/c.js:1:1`],
] as const)("finds the place of a rejection in a stack of %s", ([, stack]) => {
  const reason = Object.assign(new RangeError("too far"), { stack });
  expect(describeRejection(reason)).toEqual({ message: "RangeError: too far", source: `${FILE}:3:7` });
});

const failing = (): never => {
  throw new Error("not for you");
};

test.for([
  ["a text", "no luck", "no luck"],
  ["nothing", undefined, "unknown"],
  ["a symbol", Symbol("no luck"), "Symbol(no luck)"],
  ["an object, whose values may be personal", { name: "Ada" }, "[object Object]"],
  ["an object without a prototype", Object.create(null), "unknown"],
  [
    "an object whose parts cannot be read",
    {
      get stack() {
        return failing();
      },
      toString: failing,
    },
    "unknown",
  ],
  [
    "a proxy that refuses everything",
    new Proxy({}, { get: failing, getPrototypeOf: failing, has: failing }),
    "unknown",
  ],
  ["a proxy that was revoked", revoked(), "unknown"],
] as const)("says of a rejection with %s what can be said", ([, reason, message]) => {
  expect(describeRejection(reason)).toEqual({ message, source: "" });
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test("throws nothing, whatever was thrown, and says it in few characters", () => {
  const thrown = fc.oneof(
    fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
    fc.anything().map((value) => Object.assign(new Error(), { message: value, stack: value })),
    fc.anything().map((value) => ({ toString: () => value, stack: value })),
    fc.string({ unit: "binary", maxLength: 3_000 }),
  );
  fc.assert(
    fc.property(thrown, (reason) => {
      const told = describeRejection(reason);
      expect(told?.message.length).toBeLessThanOrEqual(256);
      expect(JSON.parse(JSON.stringify(told))).toEqual(told);
    }),
  );
});
