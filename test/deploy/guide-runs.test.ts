/** The guides' commands for machines without Docker, run one after the other on a real collector. */
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLong } from "../means.ts";
import { readGuideCommands } from "../support/guide-code.ts";
import { type GuideMachine, makeGuideMachine } from "./guide-machine.ts";

const EVENTS = 20;

let machine: GuideMachine;
beforeEach(() => {
  machine = makeGuideMachine();
});
afterEach(() => machine.close());

async function send(count: number): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(
    Array.from({ length: count }, () => ({ event: "page_view", visitor_id: "visitor-0001" })),
  );
  const answer = await fetch(`${machine.url()}/api/metrics/event`, { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ stored: count });
}

/** Runs all of a page's section, or what a pattern picks; returns what each line printed. */
async function runSection(page: string, heading: string, picked = /./): Promise<ReadonlyMap<string, string>> {
  const lines = readGuideCommands(page, heading).filter((line) => picked.test(line) && !line.startsWith("docker "));
  const printed = new Map<string, string>();
  for (const line of lines) printed.set(line, await machine.run(line));
  return printed;
}

/** What the line with some words printed. */
function saidBy(printed: ReadonlyMap<string, string>, words: string): string {
  return [...printed].find(([line]) => line.includes(words))?.[1] ?? `no line has ${words}`;
}

async function countEvents(key: string): Promise<number> {
  const filters = [["is", "visit:is_bot", ["true", "false"]]];
  const body = JSON.stringify({ site: "example.com", metrics: ["events"], date_range: "day", filters });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${machine.url()}/api/query`, { method: "POST", headers, body });
  const told: { readonly results?: readonly { readonly metrics: readonly number[] }[] } = JSON.parse(
    await answer.text(),
  );
  return told.results?.[0]?.metrics[0] ?? 0;
}

describe("the guide to production", () => {
  const page = "production.md";

  it("has a tag, a page for visitors, and smoke tests that pass", async () => {
    await machine.start();
    await machine.run("cp deploy/systemd/passerby.env.example /etc/passerby/passerby.env");
    expect(saidBy(await runSection(page, "6. The tag on the site"), "snippet")).toContain(
      '<script defer src="https://metrics.example.com/passerby-full.js" data-site="example.com"></script>',
    );
    const written = "/var/tmp/privacy.html";
    const [line = ""] = readGuideCommands(page, "7. The page for your visitors").filter((one) =>
      one.startsWith("/usr/"),
    );
    await machine.run(line.replace(">privacy.html", `>${written}`));
    expect(readFileSync(machine.place(written), "utf8")).toContain("Example Shop");

    const asked = [...(await runSection(page, "8. Smoke test", /^curl|smoke https:\/\/\S+$/)).values()];
    expect(JSON.parse(asked[0] ?? "")).toMatchObject({ ok: true, stored: 1 });
    expect(asked[1]).toBe("403\n");
    expect(JSON.parse(asked[2] ?? "")).toMatchObject({ total: 1 });
    expect(asked).toHaveLength(4);
  });
});

describe("the guide to backup and restore", () => {
  const page = "backup-and-restore.md";

  it("backs up, proves it, and brings everything back", async () => {
    await machine.start();
    await send(EVENTS);
    // The ledger is written once a second; a backup within that has the events and not yet the count.
    const dataDir = machine.place("/var/lib/passerby");
    const readLedger = (): string =>
      readdirSync(dataDir)
        .filter((name) => name.startsWith("ledger-"))
        .map((name) => readFileSync(`${dataDir}/${name}`, "utf8"))
        .join("");
    await expect.poll(readLedger).toContain(`"stored":${EVENTS}`);
    // The line for cron is what the service runs.
    const made = await runSection(page, "With systemd", isLong ? undefined : /^(?!sudo .* backup )/);
    expect(saidBy(made, "--verify")).toContain("0 not as they were copied");
    expect(readdirSync(machine.place("/etc/systemd/system"))).toEqual([
      "passerby-backup.service",
      "passerby-backup.timer",
    ]);

    // What the ledgers say takes a process each.
    const drill = await runSection(page, "A drill", isLong ? undefined : /^(?!.* ledger )/);
    expect(saidBy(drill, " verify ")).toContain(`${EVENTS} events`);
    expect(saidBy(drill, " verify ")).toContain("The log is sound.");
    if (isLong) expect(saidBy(drill, "ledger --data-dir")).toContain(String(EVENTS));
    expect(readdirSync(machine.place("/var/tmp"))).toEqual([]);

    const restored = await runSection(page, "Restore");
    const [key = ""] = /\bpb_read_\S+/.exec(saidBy(restored, "key create")) ?? [];
    await expect.poll(() => countEvents(key)).toBe(EVENTS);
  }, 90_000);
});
