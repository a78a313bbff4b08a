/** Ends the process on SIGTERM or SIGINT after a drain, once, and by force when the drain hangs. */

/** After this long a drain has failed: a disk that hangs must not keep a supervisor waiting. */
const DRAIN_DEADLINE_MS = 9_000;

/**
 * Calls `close` at the first signal; later ones change nothing. Exits with 0 when all is drained; `onWarning` is told in
 * one line when it is not.
 */
export function stopOnSignal(close: () => Promise<void>, onWarning: (message: string) => void): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    const deadline = setTimeout(() => {
      onWarning("stopped before everything was on disk: the disk did not answer in time");
      // Not process.exit: that waits for the log's thread, and the thread hangs in the disk.
      process.kill(process.pid, "SIGKILL");
    }, DRAIN_DEADLINE_MS);
    deadline.unref();
    await close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
