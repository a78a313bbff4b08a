/**
 * Says when the process is too busy to take more events: its event loop is far behind, or too many bytes of bodies are
 * held. What is refused so costs little; what is taken would only wait, and memory would grow with it.
 */
import type { Clock } from "../../clock.ts";

const TICK_MS = 100;

export type LoadGuard = {
  /** Why nothing more is taken right now, for the answer; undefined when there is room. */
  readonly refusal: () => string | undefined;
  /** Notes bytes of bodies that are held until they are given back with a negative number. */
  readonly hold: (bytes: number) => void;
  /** How far behind its time the event loop is, in milliseconds. */
  readonly lagMs: () => number;
  readonly stop: () => void;
};

export type LoadGuardOptions = {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Lag past which events are refused. */
  readonly maxLagMs: number;
  /** Bytes of bodies that may be held at once. */
  readonly maxBodyBytes: number;
};

/** Starts to watch the event loop. Stop it. */
export function startLoadGuard({ clock, maxLagMs, maxBodyBytes }: LoadGuardOptions): LoadGuard {
  let lastTick = clock.monotonicMs();
  let held = 0;
  const timer = setInterval(() => {
    lastTick = clock.monotonicMs();
  }, TICK_MS);
  timer.unref();
  // Asked within a turn that has lasted long, the tick is overdue: the turn itself is the lag.
  const lagMs = (): number => Math.max(0, clock.monotonicMs() - lastTick - TICK_MS);
  return {
    refusal: () => {
      if (held > maxBodyBytes) return `bodies of ${held} bytes are being worked on, the bound is ${maxBodyBytes}`;
      const lag = lagMs();
      return lag > maxLagMs ? `the server is ${Math.round(lag)} ms behind its work` : undefined;
    },
    hold: (bytes) => {
      held += bytes;
    },
    lagMs,
    stop: () => clearInterval(timer),
  };
}
