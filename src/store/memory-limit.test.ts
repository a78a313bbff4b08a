/** The store's share of the memory, on machines and in containers of several sizes. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { readMemoryFacts, storeMemoryBytes } from "./memory-limit.ts";

const GIB = 1024 ** 3;

describe("the memory of the store", () => {
  it.each([
    ["a machine of 2 GiB", 2, 0, 0.5],
    ["a machine of 512 MiB", 0.5, 0, 0.25],
    ["a machine of 64 GiB", 64, 0, 1],
    ["a container of 2 GiB on it", 64, 2, 0.5],
    ["a container of 1.5 GiB on it", 64, 1.5, 0.375],
    ["a container of 256 MiB on it", 64, 0.25, 0.25],
    ["a container that may have more than the machine has", 2, 8, 0.5],
    ["no limit, as cgroup v2 says it", 2, 2 ** 64 / GIB, 0.5],
    ["no limit, as cgroup v1 says it", 2, (2 ** 63 - 4096) / GIB, 0.5],
  ])("in %s", (_where, machine, constrained, expected) => {
    const facts = { machineBytes: machine * GIB, constrainedBytes: constrained * GIB };
    expect(storeMemoryBytes(facts)).toBe(expected * GIB);
  });

  it("is worked out from what the system says here", () => {
    const facts = readMemoryFacts();
    const { stdout } = spawnSync(process.execPath, ["-p", "process.constrainedMemory()"], { encoding: "utf8" });
    expect(facts.constrainedBytes).toBe(Number(stdout));
    expect(facts.machineBytes).toBeGreaterThan(0);
  });
});
