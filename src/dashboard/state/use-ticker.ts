/** A counter that goes up at an interval while the page is seen, and once when it is seen again; hidden or not wanted, it rests. */
import { useEffect, useState } from "preact/hooks";

export function useTicker(intervalMs: number, isWanted = true): number {
  const [ticks, setTicks] = useState(0);
  useEffect(() => {
    if (!isWanted) return;
    const tick = (): void => {
      if (document.visibilityState === "visible") setTicks((count) => count + 1);
    };
    const timer = setInterval(tick, intervalMs);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [intervalMs, isWanted]);
  return ticks;
}
