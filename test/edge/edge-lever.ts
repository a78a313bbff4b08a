/** `passerby brake --edge` on the real edge: what it does to events, how it ends, and that what nginx refuses is undone. */
import {
  appendFileSync,
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readAsker } from "../../src/change-note.ts";
import { systemClock } from "../../src/clock.ts";
import { changeEdgeBrake, type EdgeBrakeChange } from "../../src/doctor/edge-brake/edge-brake.ts";
import { readEdgeBrake } from "../../src/doctor/edge-brake/edge-folder.ts";
import { checkEdge, parseAddress } from "../../src/doctor/edge-brake/probe-edge.ts";
import { nginx } from "../means.ts";
import { type Finished, runCommand } from "../support/command.ts";
import type { TestServer } from "../support/test-server.ts";
import { turnOn } from "./edge-files.ts";
import type { Answer, Edge } from "./edge-process.ts";
import { type EdgeStack, EVENT, ORIGIN, posting, SECURITY_HEADERS } from "./edge-stack.ts";

/** Writes a command that runs the nginx of an edge, as an operator's `nginx` would. */
function writeNginx({ folder, config }: Edge, pid: string): string {
  const path = join(folder, `nginx-${pid}`);
  writeFileSync(path, `#!/bin/sh\nexec ${nginx} -c ${config} -e stderr -g 'pid ${folder}/${pid};' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Adds the tests; `use` gives what runs once they do. */
export function describeLever(use: () => EdgeStack): void {
  describe("passerby brake --edge", () => {
    let edge: Edge;
    let collector: TestServer;
    let dir: string;
    let command: string;
    let client = 0;
    beforeAll(() => {
      ({ edge, collector } = use());
      dir = join(edge.folder, "etc/passerby");
      command = writeNginx(edge, "pid");
    });

    const brake = (...args: readonly string[]): Promise<Finished> =>
      runCommand(["brake", ...args, "--edge", "--edge-dir", dir, "--nginx", command]);
    const change = (changes: Partial<EdgeBrakeChange>) => {
      const common = { dir, nginx: [command], address: undefined, forMs: null, who: readAsker(), why: null };
      return changeEdgeBrake({ position: "on", ...common, clock: systemClock, ...changes });
    };
    /** Each from an address of its own: the limit is not what is looked at. */
    const post = (): Promise<Answer> => {
      client += 1;
      return edge.ask(EVENT, posting({ from: `127.0.${60 + Math.floor(client / 250)}.${(client % 250) + 1}` }));
    };
    const turnedOn = (): readonly string[] => readdirSync(join(dir, "on")).filter((name) => name.endsWith(".conf"));
    const received = async (): Promise<number> => {
      const scraped = await (await fetch(`${collector.adminUrl}/metrics`)).text();
      return Number(/^passerby_events_received_total (\d+)$/m.exec(scraped)?.[1]);
    };

    it("stops events and nothing else, says who did it and why, and lets go again", async () => {
      expect((await post()).status).toBe(202);
      const [before, counted] = [collector.readLog().length, await received()];
      const on = await brake("on", "--reason", "a bot; floods } us");
      expect([on.code, on.stderr]).toEqual([0, ""]);
      expect(on.stdout).toMatch(/^edge {8}on \(.*\n {12}set \S+Z by .* process \d+\): a bot; floods \} us\nVerified: /);
      expect(on.stdout).toMatch(/is answered 503 with Retry-After: 300\.\n$/);
      expect(statSync(join(dir, "on/brake.conf")).mode & 0o777).toBe(0o644);

      const braked = await post();
      expect([braked.status, braked.headers["retry-after"]]).toEqual([503, "300"]);
      expect(braked.headers["access-control-allow-origin"]).toBe(ORIGIN);
      const once = [...SECURITY_HEADERS, "access-control-allow-origin"];
      expect(once.filter((name) => braked.count(name) !== 1)).toEqual([]);
      expect(JSON.parse(braked.body)).toMatchObject({ ok: false, error: "collector_unavailable" });
      const preflight = { method: "OPTIONS", from: "127.0.7.1", headers: { origin: ORIGIN } };
      expect((await edge.ask(EVENT, preflight)).status).toBe(204);
      expect((await edge.ask("/api/metrics/health")).status).toBe(200);

      const args = ["brake", "status", "--json", "--edge-dir", dir, "--data-dir", collector.dataDir];
      const status = JSON.parse((await runCommand(args)).stdout);
      expect(status.edge).toMatchObject({ position: "on", until: null, why: "a bot; floods } us", by_hand: [], dir });
      expect(status.edge.who).toMatchObject({ uid: process.getuid?.(), pid: expect.any(Number) });

      expect((await change({ position: "off" })).check).toMatchObject({ isAsExpected: true, answer: "404" });
      expect(turnedOn()).toEqual([]);
      // Neither what was refused nor what the command asked for itself is anywhere in the collector.
      expect([collector.readLog().length, await received()]).toEqual([before, counted]);
      expect((await post()).status).toBe(202);
      expect(await received()).toBe(counted + 1);
    });

    it("ends by itself to the second, though nginx was started anew and nobody did anything", async () => {
      const seen = new Set<number>();
      let until = 0;
      // A machine that is busy may need longer than that to begin.
      for (const seconds of [3, 12, 40]) {
        if (seen.has(503)) break;
        seen.clear();
        const { stdout } = await brake("on", "--for", `${seconds}s`, "--json");
        until = Date.parse(JSON.parse(stdout).edge.until ?? JSON.parse(stdout).edge.ended);
        await edge.restart();
        while (!seen.has(202)) {
          const [beganMs, { status }, endedMs] = [Date.now(), await post(), Date.now()];
          if (endedMs < until) expect(status).toBe(503);
          // nginx looks at its clock once for all that came at a time.
          if (beganMs > until + 100) expect(status).toBe(202);
          seen.add(status);
        }
      }
      expect([...seen, until % 1_000]).toEqual([503, 202, 0]);
      const left = readEdgeBrake(dir, Date.now());
      expect([left.position, left.byHand, left.brake?.until]).toEqual(["off", [], new Date(until).toISOString()]);
      await change({ position: "off" });
      expect(turnedOn()).toEqual([]);
    });

    it("is undone where nginx does not take the files, and what was there before is back", async () => {
      const limits = join(dir, "limits.conf");
      const whole = readFileSync(limits, "utf8");
      appendFileSync(limits, "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/h;\n");
      const { code, stdout, stderr } = await brake("on");
      expect([code, stdout, turnedOn()]).toEqual([2, "", []]);
      expect(stderr).toMatch(
        /^passerby: nothing was changed: .* -t ended with 1 and said: .*invalid rate "rate=1r\/h".*\n$/,
      );
      const maps = join(dir, "maps.conf");
      const newer = readFileSync(maps, "utf8");
      writeFileSync(limits, whole);
      writeFileSync(maps, newer.replaceAll("$edge_posted_at", "$edge_of_old"));
      const older = /unknown "edge_posted_at" variable.* files are older than this command: .* leave out --for\)$/;
      await expect(change({ forMs: 60_000 })).rejects.toThrow(older);
      turnOn(edge, "brake.conf");
      await expect(change({ forMs: 60_000 })).rejects.toMatchObject({ code: "edge_unusable" });
      appendFileSync(maps, "nonsense;\n");
      await expect(change({ position: "off" })).rejects.toThrow(/^nothing was changed: .*nonsense/);
      writeFileSync(maps, newer);
      const available = readFileSync(join(dir, "available/brake.conf"), "utf8");
      expect(readFileSync(join(dir, "on/brake.conf"), "utf8")).toBe(available);
      expect(readEdgeBrake(dir, Date.now())).toMatchObject({ position: "on", brake: null, byHand: ["brake.conf"] });
      await change({ position: "off" });
      await expect(change({ nginx: [writeNginx(edge, "of-nobody")] })).rejects.toThrow(/-s reload ended with 1/);
      await expect(change({ nginx: ["no-such-nginx"] })).rejects.toThrow(/no-such-nginx is not there/);
      expect(turnedOn()).toEqual([]);
      expect((await post()).status).toBe(202);
    });

    it("does not take away what somebody put there under another name", async () => {
      turnOn(edge, "brake.conf");
      renameSync(join(dir, "on/brake.conf"), join(dir, "on/brake-mine.conf"));
      await expect(change({ position: "off" })).rejects.toThrow(/braked by on\/brake-mine.conf, .* by hand/);
      renameSync(join(dir, "on/brake-mine.conf"), join(dir, "on/brake.conf"));
      expect((await change({ position: "off" })).check).toMatchObject({ isAsExpected: true });
    });

    it("says that it is not in force where the edge that is asked takes events, and when nobody can be asked", async () => {
      const address = parseAddress(collector.url);
      expect(await checkEdge(address, true, 0)).toMatchObject({ isAsExpected: false, answer: "404" });
      const gone = await checkEdge(parseAddress("http://127.0.0.1:1"), false, 0);
      expect(gone).toMatchObject({ isAsExpected: false, answer: expect.stringContaining("no answer") });
      const elsewhere = join(edge.folder, "elsewhere/passerby");
      cpSync(dir, elsewhere, { recursive: true });
      const { check, state } = await change({ dir: elsewhere });
      expect([check, state.position]).toEqual([null, "on"]);
    });

    it("names the folder where there is no edge", async () => {
      await expect(change({ dir: edge.folder })).rejects.toThrow(
        /^there is no edge in .*: give its folder with --edge-dir$/,
      );
    });
  });
}
