import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACCESS_FORMATS, type AccessRequest, detectFormat, parseAccessLine } from "./access-line.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0";

function combined(parts: { time?: string; request?: string; rest?: string; address?: string } = {}): string {
  const { time = "17/May/2015:10:05:03 +0000", request = "GET /a?b=c HTTP/1.1", address = "192.0.2.1" } = parts;
  return `${address} - - [${time}] "${request}" ${parts.rest ?? `200 2326 "https://a.example/" "${CHROME}"`}`;
}

function request(text: string, format: (typeof ACCESS_FORMATS)[number] = "combined"): AccessRequest {
  const parsed = parseAccessLine(text, format);
  if ("reason" in parsed) throw new Error(`${text}: ${parsed.reason}`);
  return parsed;
}

describe("a combined line", () => {
  it("gives all its parts", () => {
    expect(request(combined())).toEqual({
      address: "192.0.2.1",
      timeMs: Date.UTC(2015, 4, 17, 10, 5, 3),
      method: "GET",
      target: "/a?b=c",
      status: 200,
      referrer: "https://a.example/",
      userAgent: CHROME,
    });
  });

  it.each([
    ["an IPv6 address", combined({ address: "2001:db8::1" }), { address: "2001:db8::1" }],
    ["a host name", combined({ address: "crawl.a.example" }), { address: "crawl.a.example" }],
    ["HTTP/2", combined({ request: "GET / HTTP/2.0" }), { method: "GET", target: "/" }],
    ["HTTP/0.9", combined({ request: "GET /" }), { method: "GET", target: "/" }],
    ["a space in the path", combined({ request: "GET /a b HTTP/1.1" }), { target: "/a b" }],
    ["no referrer and no user agent", combined({ rest: '200 - "-" "-"' }), { referrer: "", userAgent: "" }],
    ["Apache's quotes", combined({ rest: '200 1 "-" "a \\"b\\" c"' }), { userAgent: 'a "b" c' }],
    ["nginx's quotes", combined({ rest: '200 1 "-" "a \\x22b\\x22 \\xc3\\xa9"' }), { userAgent: 'a "b" é' }],
    ["TLS bytes for a request", combined({ request: "\\x16\\x03\\x01" }), { method: "", target: "" }],
    ["no request", combined({ request: "-" }), { method: "", target: "" }],
    ["further fields behind it", `${combined()} "-" 0.003 rt=1`, { userAgent: CHROME }],
  ])("may have %s", (_, line, parts) => {
    expect(request(line)).toMatchObject(parts);
  });

  it("may have a user name with a space", () => {
    expect(request(combined().replace("- - [", "- jo doe [")).address).toBe("192.0.2.1");
  });

  it.each([
    ["17/May/2015:10:05:03 +0200", "2015-05-17T08:05:03.000Z"],
    ["17/May/2015:23:05:03 -0730", "2015-05-18T06:35:03.000Z"],
    ["29/Feb/2024:00:00:00 +0000", "2024-02-29T00:00:00.000Z"],
    ["31/Dec/2016:23:59:60 +0000", "2016-12-31T23:59:59.000Z"],
    ["2015-05-17T10:05:03+02:00", "2015-05-17T08:05:03.000Z"],
  ])("reads the time %s as %s", (time, expected) => {
    expect(new Date(request(combined({ time })).timeMs).toISOString()).toBe(expected);
  });

  it.each([
    ["", "empty"],
    ["hello", "not in combined format"],
    [combined().slice(0, 60), "not in combined format"],
    [combined().slice(0, -20), "ends before the user agent"],
    [combined({ rest: "200 17" }), "ends before the user agent"],
    [combined({ time: "30/Feb/2024:00:00:00 +0000" }), "its time is none"],
    [combined({ time: "17/Mai/2015:10:05:03 +0000" }), "its time is none"],
    [combined({ time: "17/May/2015:25:05:03 +0000" }), "its time is none"],
    [combined({ time: "17/May/2015:10:05:03" }), "its time is none"],
  ])("%j is %s", (line, reason) => {
    expect(parseAccessLine(line, "combined")).toEqual({ reason });
  });
});

describe("a common line", () => {
  it("has neither referrer nor user agent", () => {
    expect(request(combined({ rest: "304 0" }), "common")).toMatchObject({ status: 304, referrer: "", userAgent: "" });
  });
});

describe("an nginx-json line", () => {
  const fields = {
    time_iso8601: "2015-05-17T12:05:03+02:00",
    remote_addr: "192.0.2.1",
    request: "GET /a HTTP/2.0",
    status: "200",
    http_referer: "-",
    http_user_agent: CHROME,
  };

  it("gives all its parts", () => {
    expect(request(JSON.stringify(fields), "nginx-json")).toEqual({
      address: "192.0.2.1",
      timeMs: Date.UTC(2015, 4, 17, 10, 5, 3),
      method: "GET",
      target: "/a",
      status: 200,
      referrer: "",
      userAgent: CHROME,
    });
  });

  it.each([
    [{ ...fields, time_iso8601: undefined, msec: "1431857103.250" }, { timeMs: 1_431_857_103_250 }],
    [{ ...fields, time_iso8601: undefined, msec: 1_431_857_103.25 }, { timeMs: 1_431_857_103_250 }],
    [{ ...fields, time_iso8601: undefined, time_local: "17/May/2015:10:05:03 +0000" }, { timeMs: 1_431_857_103_000 }],
    [
      { ...fields, request: undefined, request_method: "HEAD", request_uri: "/b?c" },
      { method: "HEAD", target: "/b?c" },
    ],
    [{ ...fields, status: 404 }, { status: 404 }],
  ])("may have other names %#", (line, parts) => {
    expect(request(JSON.stringify(line), "nginx-json")).toMatchObject(parts);
  });

  it.each([
    ["{", "not a JSON object"],
    ["[1]", "not a JSON object"],
    ["{}", "no time that can be read"],
    [JSON.stringify({ ...fields, time_iso8601: "yesterday" }), "no time that can be read"],
    [JSON.stringify({ ...fields, status: "ok" }), "no status of three digits"],
  ])("%s is %s", (line, reason) => {
    expect(parseAccessLine(line, "nginx-json")).toEqual({ reason });
  });
});

describe("any text", () => {
  it("is a request or a reason in every format, never an exception", () => {
    const nearly = fc
      .string({ maxLength: 40 })
      .map((text) => combined({ request: text, rest: `200 1 "${text}" "${text}"` }));
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300, unit: "binary" }), nearly, fc.json()), (text) => {
        for (const format of ACCESS_FORMATS) {
          const parsed = parseAccessLine(text, format);
          expect("reason" in parsed ? parsed.reason : parsed.timeMs).toBeDefined();
        }
      }),
    );
  });

  it("takes less than 50 ms of the processor, however long a line may be", () => {
    for (const unit of ["a", "- ", '"', '\\"', "[", '[] "', '- - [x] "a']) {
      const line = `a - - ${unit.repeat(65_000 / unit.length)}`;
      const start = process.cpuUsage();
      parseAccessLine(line, "combined");
      expect([unit, process.cpuUsage(start).user < 50_000]).toEqual([unit, true]);
    }
  });
});

describe("detectFormat", () => {
  it.each([
    ["combined", [combined(), "bad", combined()]],
    ["common", [combined({ rest: "200 1" }), combined({ rest: "404 -" })]],
    ["nginx-json", ['{"msec":1431857103.2,"status":200}']],
    [undefined, ["hello", ""]],
  ] as const)("finds %s", (format, lines) => {
    expect(detectFormat(lines)).toBe(format);
  });
});
