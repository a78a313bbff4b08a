/** Lets everything else on the machine go first. */
import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** Gives this process the lowest priority, with the threads that compress: Linux counts it by thread. Never throws. */
export function lowerPriority(): void {
  for (const thread of listThreads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // A thread that has ended, or a system that does not let us: it is a courtesy.
    }
  }
}

/** On a system other than Linux, 0: the process. */
function listThreads(): readonly number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [0];
  }
}
