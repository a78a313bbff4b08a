/** Searches everything that a server writes, answers and prints for an address and a user agent that went through it. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startServerProcess } from "../fault/server-process.ts";

/** A peer of this machine that nothing else uses, addresses of no one behind a proxy, and an agent with a mark in it. */
const PEER = "127.77.66.55";
const FORWARDED = ["203.0.113.77", "2001:db8:77:66::55"] as const;
const MARK = "Canary7766";
const AGENT = `Mozilla/5.0 (X11; Linux x86_64) ${MARK}/55 Chrome/142.0.0.0 Safari/537.36`;
const CANARIES = [PEER, "127.77.66", ...FORWARDED, "2001:db8:77", MARK];

type Send = { readonly body?: string; readonly method?: string; readonly headers?: Record<string, string> };

/** Sends a request from the canary's address and returns everything that came back. */
function ask(
  url: string,
  { body, method = body === undefined ? "GET" : "POST", headers = {} }: Send = {},
): Promise<string> {
  const options = { method, localAddress: PEER, headers: { "user-agent": AGENT, ...headers } };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, async (response) => {
      let text = `${response.statusCode} ${JSON.stringify(response.rawHeaders)}\n`;
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve(text);
    });
    sent.on("error", reject).end(body);
  });
}

/** Every file of a folder, by name, as Latin-1, so that no byte is lost. */
function readFiles(folder: string): readonly (readonly [string, string])[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "latin1")]);
}

/** Every way in, by a visitor, a wrong client and a stranger. */
async function sendEverywhere(url: string, headers: Record<string, string>): Promise<readonly string[]> {
  const json = { ...headers, "content-type": "application/json" };
  const event = `${url}/api/metrics/event`;
  const send = (body: string, more: Record<string, string> = {}): Promise<string> =>
    ask(event, { body, headers: { ...json, ...more } });
  return [
    await send('{"event":"page_view","url":"http://localhost:3000/"}'),
    await send('[{"event":"a"},{"event":"b"}]'),
    await send('{"event":"a"}', { "sec-gpc": "1" }),
    await send("{"),
    await send('{"event":""}'),
    await send('{"event":"a","ip":"x"}'),
    await send('{"event":"a"}', { origin: "https://evil.example" }),
    await send('{"event":"a"}', { authorization: "Bearer wrong" }),
    await send("x".repeat(70_000)),
    await send('{"event":"a"}', { "content-encoding": "gzip" }),
    await ask(event, { headers }),
    await ask(`${url}/api/metrics/config`, { headers }),
    await ask(`${url}/api/metrics/behavior`, { headers }),
    await ask(`${url}/api/metrics/health`, { headers }),
    await ask(`${url}/api/metrics/nothing`, { headers }),
    await ask(`${url}/api/query`, { body: "{}", headers: json }),
    await ask(`${url}/`, { headers }),
  ];
}

describe("an address and a user agent that go through the server", () => {
  it.each([
    ["directly", [], {}],
    ["behind a trusted proxy", ["TRUSTED_PROXIES=127.64.0.0/10"], { "x-forwarded-for": FORWARDED[0] }],
    ["behind a trusted proxy, as IPv6", ["TRUSTED_PROXIES=127.64.0.0/10"], { "x-forwarded-for": FORWARDED[1] }],
    ["in a header that nobody vouches for", [], { "x-forwarded-for": FORWARDED[0], "x-real-ip": FORWARDED[1] }],
  ])("%s are in no file, no answer and nothing it prints", async (_, trust, headers) => {
    const dataDir = mkdtempSync(join(tmpdir(), "passerby-canary-"));
    const { key } = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
    const server = startServerProcess(dataDir, ["env", "METRICS_LOG_LEVEL=debug", ...trust]);
    const url = await server.url;
    const answers = [...(await sendEverywhere(url, headers))];
    const reader = { authorization: `Bearer ${key}` };
    answers.push(await ask(`${url}/api/metrics/behavior`, { headers: { ...headers, ...reader } }));
    expect(answers.at(-1)).toContain('"total":3');
    const admin = /"admin_url":"([^"]+)"/.exec(server.output())?.[1];
    const measured = await ask(`${admin}/metrics`);
    expect(measured).toContain("passerby_");
    answers.push(measured);
    const question = { site_id: "localhost", metrics: ["events"], date_range: "day" };
    const sent = {
      body: JSON.stringify(question),
      headers: { ...headers, ...reader, "content-type": "application/json" },
    };
    const isLoaded = async (): Promise<boolean> => {
      const answer = await ask(`${url}/api/query`, sent);
      answers.push(answer);
      return answer.includes('"metrics":[3]');
    };
    await expect.poll(isLoaded, { timeout: 10_000 }).toBe(true);
    const { code, output } = await server.end("SIGTERM");
    expect(code).toBe(0);

    const files = readFiles(dataDir);
    expect(files.map(([name]) => name)).toEqual(expect.arrayContaining(["salt-record.jsonl", "store.duckdb"]));
    expect(
      files
        .filter(([name]) => name.startsWith("metrics"))
        .map(([, text]) => text)
        .join(""),
    ).toContain("page_view");
    const places = [...files, ["the answers", answers.join("\n")], ["the output", output]] as const;
    const found = places.flatMap(([name, text]) =>
      CANARIES.filter((canary) => text.includes(canary)).map((c) => [name, c]),
    );
    expect(found).toEqual([]);
  });
});
