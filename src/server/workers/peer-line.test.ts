import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import type { AcceptedEvent } from "../../event.ts";
import { PeerLine } from "./peer-line.ts";
import type { StoreForPeer } from "./peer-wire.ts";
import { servePeers } from "./serve-peers.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-peers-"));
});

async function serve(store: StoreForPeer): Promise<() => void> {
  const close = await servePeers(dataDir, 2, store);
  onTestFinished(() => {
    close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return close;
}

function openLine(options: { readonly maxBytes?: number; readonly patienceMs?: number } = {}): PeerLine {
  const line = new PeerLine({ dataDir, worker: 2, maxBytes: 1_000_000, ...options });
  onTestFinished(() => line.close());
  return line;
}

const storeAll: StoreForPeer = async (events) => ({ stored: events.map(() => true), file: "metrics.w2.jsonl" });

describe("the line between two workers", () => {
  it("brings events as they are, and what became of each back, however many requests are under way", async () => {
    const seen: AcceptedEvent[] = [];
    await serve(async (events) => {
      seen.push(...events);
      await new Promise((resolve) => setTimeout(resolve, 10 - events.length)); // Answers in another order.
      return { stored: events.map((_, index) => index % 2 === 0), file: "metrics.w2.jsonl" };
    });
    const line = openLine();
    const text = 'line\nbreak \u2028 😀 "quoted"';
    const batches = [1, 2, 3].map((size) =>
      Array.from({ length: size }, () => makeEvent("x", { metadata: { text }, url: "https://example.com/" })),
    );
    const outcomes = await Promise.all(batches.map((batch) => line.store(batch)));
    expect(outcomes.map(({ stored }) => stored)).toEqual([[true], [true, false], [true, false, true]]);
    expect(seen).toMatchObject(batches.flat().map((event) => ({ ...event })));
    expect(statSync(join(dataDir, ".worker-2.sock")).mode & 0o777).toBe(0o600);
  });

  it("tells which part was stored when the rest was refused", async () => {
    await serve(async () => ({ stored: [true, false], file: null, error: "the disk is full" }));
    const outcome = await openLine().store([makeEvent("a"), makeEvent("b")]);
    expect(outcome).toEqual({ stored: [true, false], file: null, error: "the disk is full" });
  });

  it("refuses what was under way when the other one ends, and works again when it is back", async () => {
    const close = await serve(() => new Promise(() => undefined));
    const line = openLine();
    const waiting = line.store([makeEvent("a")]);
    waiting.catch(() => undefined);
    const first = line.store([makeEvent("b")]);
    setImmediate(() => setImmediate(close));
    await expect(Promise.all([waiting, first])).rejects.toMatchObject({ code: "log_unavailable" });
    await expect(line.store([makeEvent("c")])).rejects.toMatchObject({ code: "log_unavailable" });
    await serve(storeAll);
    expect(await line.store([makeEvent("d")])).toMatchObject({ stored: [true] });
  });

  it("gives up one that hangs, and asks again over a line of its own", async () => {
    const answers: StoreForPeer[] = [() => new Promise(() => undefined), storeAll];
    await serve((events) => (answers.shift() ?? storeAll)(events));
    const line = openLine({ patienceMs: 50 });
    await expect(line.store([makeEvent("a")])).rejects.toMatchObject({ code: "log_unavailable" });
    expect(await line.store([makeEvent("b")])).toMatchObject({ stored: [true] });
  });

  it("refuses at once when the other one does not read and too much waits", async () => {
    await serve(storeAll);
    const line = openLine({ maxBytes: 1_000 });
    const big = Array.from({ length: 200 }, () => makeEvent("x", { metadata: { text: "x".repeat(10_000) } }));
    const first = line.store(big);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await expect(line.store([makeEvent("y")])).rejects.toThrow("worker 2 is behind");
    expect((await first).stored).toHaveLength(200);
  });
});
