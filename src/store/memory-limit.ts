/** How much memory the store may take: a quarter of what this process may have, from 256 MiB to 1 GiB. */
import { totalmem } from "node:os";

const MIB = 1_048_576;
const LEAST_BYTES = 256 * MIB;
const MOST_BYTES = 1024 * MIB;

/** What the system says of memory, in bytes. */
export type MemoryFacts = {
  readonly machineBytes: number;
  /** What a container or a unit is limited to; 0, or more than the machine has, where there is no limit. */
  readonly constrainedBytes: number;
};

/** Asks the system. */
export function readMemoryFacts(): MemoryFacts {
  return { machineBytes: totalmem(), constrainedBytes: process.constrainedMemory() };
}

/** Returns the bytes that DuckDB may hold. */
export function storeMemoryBytes({ machineBytes, constrainedBytes }: MemoryFacts): number {
  // Without a limit libuv says 0, 2^64 - 1 or, under cgroup v1, some 2^63.
  const usableBytes = constrainedBytes > 0 ? Math.min(constrainedBytes, machineBytes) : machineBytes;
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.floor(usableBytes / 4)));
}
