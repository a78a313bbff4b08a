/** Offers a server three times what it can take, and reports what it took, what it held in memory, and what is on disk. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { startOpenLoad } from "./open-load.ts";

export type OverloadOptions = {
  readonly url: string;
  /** Resident memory of the server now, in bytes. */
  readonly residentBytes: () => number;
  readonly connections: number;
  readonly peakSeconds: number;
  readonly overloadSeconds: number;
  readonly eventsPerRequest: number;
  /** Makes the body of a request of so many events. */
  readonly makeBody: (events: number) => string;
  /** Told of every request that was acknowledged. */
  readonly onAcknowledged: (sent: string) => void;
};

export type OverloadReport = {
  /** Acknowledged events a second: at its peak, and under the overload. */
  readonly peak: number;
  readonly goodput: number;
  /** Events that fell due each second under the overload. */
  readonly offered: number;
  /** Answers by status under the overload; requests without one. */
  readonly answers: Readonly<Record<number, number>>;
  readonly broken: number;
  /** Resident memory in bytes: the most in the first and in the second half of the overload. */
  readonly residentBytes: readonly [number, number];
};

/** Measures the peak with 64 connections that wait for their answers, then offers three times as much. */
export async function overload(options: OverloadOptions): Promise<OverloadReport> {
  const { eventsPerRequest, peakSeconds, overloadSeconds } = options;
  await run(options, { connections: 64, perSecond: 0, seconds: 1 }); // The compiler's first second is nobody's figure.
  const calm = await run(options, { connections: 64, perSecond: 0, seconds: peakSeconds });
  const peak = calm.acknowledged / peakSeconds;
  const memory = watchMemory(options.residentBytes);
  const perSecond = (3 * peak) / eventsPerRequest;
  const busy = await run(options, { connections: options.connections, perSecond, seconds: overloadSeconds });
  return {
    peak,
    goodput: busy.acknowledged / overloadSeconds,
    offered: (busy.due * eventsPerRequest) / overloadSeconds,
    answers: busy.answers,
    broken: busy.broken,
    residentBytes: memory.stop(),
  };
}

type Phase = { readonly connections: number; readonly perSecond: number; readonly seconds: number };
type PhaseReport = Pick<OverloadReport, "answers" | "broken"> & { readonly acknowledged: number; readonly due: number };

async function run(options: OverloadOptions, { connections, perSecond, seconds }: Phase): Promise<PhaseReport> {
  const answers: Record<number, number> = {};
  let acknowledged = 0;
  let isOver = false;
  const load = startOpenLoad({
    ...{ url: options.url, connections, perSecond },
    nextBody: () => options.makeBody(options.eventsPerRequest),
    onAnswer: (status, _answer, sent) => {
      if (status === 202) options.onAcknowledged(sent);
      if (isOver) return;
      answers[status] = (answers[status] ?? 0) + 1;
      if (status === 202) acknowledged += options.eventsPerRequest;
    },
  });
  await delay(seconds * 1000);
  isOver = true;
  const { due } = load.counts();
  await load.stop();
  return { answers, acknowledged, due, broken: load.counts().broken };
}

/** Resident memory of a process, in bytes (proc(5), status). */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

function watchMemory(residentBytes: () => number): { readonly stop: () => readonly [number, number] } {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentBytes()), 100);
  return {
    stop: () => {
      clearInterval(timer);
      const half = Math.floor(samples.length / 2);
      return [Math.max(...samples.slice(0, half)), Math.max(...samples.slice(half))];
    },
  };
}
