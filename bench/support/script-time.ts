/**
 * Reads from a trace of Chromium how long the main thread of a page was busy with scripts: in time of that thread, so that
 * whatever else the machine does meanwhile does not count.
 */

type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** The part of `dur` in which the thread ran. */
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string }; readonly fileName?: string; readonly name?: string };
};

/** Categories of what is read. */
export const TRACE_CATEGORIES: readonly string[] = ["devtools.timeline", "v8"];

const OF_A_SCRIPT = new Set(["EvaluateScript", "FunctionCall", "v8.compile", "v8.run"]);
/** What a promise goes on with has no address. On these pages nobody but the tracker has promises. */
const OF_NOBODY = new Set(["RunMicrotasks"]);

/**
 * Returns the milliseconds in which the main thread compiled or ran scripts whose address ends in one of the names, or
 * went on with promises. What lies inside another span counts once.
 */
export function sumScriptMs(trace: Buffer, scripts: readonly string[]): number {
  const { traceEvents }: { traceEvents: readonly TraceEvent[] } = JSON.parse(trace.toString());
  const isOurs = ({ args }: TraceEvent): boolean => {
    const address = args?.data?.url ?? args?.fileName ?? "";
    return scripts.some((script) => address.endsWith(`/${script}`));
  };
  const evaluated = traceEvents.find((event) => event.name === "EvaluateScript" && isOurs(event));
  if (evaluated === undefined) throw new Error(`${scripts} did not run on the page`);
  const spans = traceEvents
    .filter(({ ph, pid, tid }) => ph === "X" && pid === evaluated.pid && tid === evaluated.tid)
    .filter((event) => OF_NOBODY.has(event.name) || (OF_A_SCRIPT.has(event.name) && isOurs(event)))
    .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  let total = 0;
  let reached = 0;
  for (const { ts, dur = 0, tdur = dur } of spans) {
    if (ts < reached) continue;
    total += tdur;
    reached = ts + dur;
  }
  return total / 1000;
}
