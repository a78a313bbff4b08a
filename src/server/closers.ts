/** What has been opened, and has to be closed in reverse order: nothing is closed while what leans on it is still open. */

export type Closers = {
  /** Adds what closes the part that was opened last. */
  readonly add: (close: () => Promise<void> | void) => void;
  /** Closes everything, the last opened first. Called again, it closes what has come since. */
  readonly closeAll: () => Promise<void>;
};

/** Makes an empty list. */
export function createClosers(): Closers {
  const waiting: (() => Promise<void> | void)[] = [];
  return {
    add: (close) => waiting.push(close),
    closeAll: async () => {
      for (let close = waiting.pop(); close !== undefined; close = waiting.pop()) await close();
    },
  };
}

/** Runs a job every so many milliseconds until the rest is closed. */
export function repeat(closers: Closers, everyMs: number, job: () => unknown): void {
  const timer = setInterval(job, everyMs);
  closers.add(() => clearInterval(timer));
}
