import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { countEvents } from "./count-events.ts";

const two = JSON.stringify([{ event: "a" }, { event: "b" }]);

it.each([
  ["one event", '{"event":"a"}', undefined, 1],
  ["an array", two, undefined, 2],
  ["an envelope", `{"events":${two}}`, "identity", 2],
  ["events that are not valid", "[1,2,3]", undefined, 3],
  ["nothing", "", undefined, 1],
  ["no event", "[]", undefined, 1],
  ["no JSON", "[[[", undefined, 1],
  ["more events than a request may hold", JSON.stringify(new Array(501).fill(1)), undefined, 1],
  ["a compressed batch", gzipSync(two), "gzip", 1],
  ["a batch that is said to be compressed", two, "br", 1],
])("a body of %s counts as it should", (_name, body, contentEncoding, count) => {
  expect(countEvents({ bytes: Buffer.from(body), contentType: "text/plain", contentEncoding })).toBe(count);
});
