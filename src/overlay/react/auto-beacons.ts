/** The hook that starts the tracker with a component. */
import { start, type Track, type TrackerOptions, track } from "passerby-tracker";
import { useEffect } from "react";

export type AutoBeaconsOptions = TrackerOptions;

/**
 * Starts the tracker of this page when the component is first shown, and returns `track`. The page has one tracker however
 * often and wherever the hook is used, with the options of the component that is ready first: use it in one place, or
 * with the same options everywhere. On a server nothing happens.
 *
 * ```tsx
 * const track = useAutoBeacons({ site: "example.com" });
 * return <button onClick={() => track("signup", { plan: "team" })}>Sign up</button>;
 * ```
 */
export function useAutoBeacons(options: AutoBeaconsOptions = {}): Track {
  const { apiBaseUrl, site, sampleRate, hash, outbox } = options;
  // Effects do not run on a server, and starting twice, as StrictMode makes it, is starting once.
  useEffect(() => start({ apiBaseUrl, site, sampleRate, hash, outbox }), [apiBaseUrl, site, sampleRate, hash, outbox]);
  return track;
}
