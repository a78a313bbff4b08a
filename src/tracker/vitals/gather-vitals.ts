/**
 * Holds what was measured on a page until the page is left, so that each vital is told once, as it was then, and never
 * about another page than the one it was measured on.
 */

/** A value as it is sent: milliseconds without decimals, for CLS a number with four. */
export type Vital = { readonly name: "CLS" | "FCP" | "INP" | "LCP" | "TTFB"; readonly value: number };

/** A value as web-vitals tells it; `navigationStartTime` is 0, or when the page came back from the back/forward cache. */
export type Measured = Vital & { readonly navigationStartTime?: number };

export type PageVitals = {
  /** Takes the newest value of a vital. */
  readonly measure: (measured: Measured) => void;
  /** Hands out what is new since the load of the page or its return from the back/forward cache. */
  readonly take: () => readonly Vital[];
  /** Says that the same page has another path now. */
  readonly follow: (nextPath: string) => void;
  /** Ends the measuring of this page: what is measured from now on is about another one that took its place. */
  readonly end: () => void;
};

/** Begins with the page at `readPath()`, which is asked for the path of the page as it is now. */
export function gatherVitals(readPath: () => string): PageVitals {
  let startTime = 0;
  let path = readPath();
  let isEnded = false;
  let values = new Map<Vital["name"], number>();
  let taken = new Set<Vital["name"]>();

  return {
    measure: ({ name, value, navigationStartTime = 0 }) => {
      if (navigationStartTime > startTime) {
        startTime = navigationStartTime;
        path = readPath();
        isEnded = false;
        values = new Map();
        taken = new Set();
      }
      // A value of before the page came back may still come.
      if (navigationStartTime === startTime) values.set(name, value);
    },
    take: () => {
      // Not every browser tells that the address is about to change; then the values are given up.
      if (isEnded || readPath() !== path) return [];
      const fresh = [...values].filter(([name]) => !taken.has(name));
      for (const [name] of fresh) taken.add(name);
      return fresh.map(([name, value]) => ({ name, value: roundVital(name, value) }));
    },
    follow: (nextPath) => {
      path = nextPath;
    },
    end: () => {
      isEnded = true;
    },
  };
}

/** CLS is good up to 0.1 (web.dev/articles/cls), so four decimals are a thousandth of that; the others are milliseconds. */
function roundVital(name: Vital["name"], value: number): number {
  const steps = name === "CLS" ? 10_000 : 1;
  return Math.round(value * steps) / steps;
}
