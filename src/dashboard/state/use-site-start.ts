/** Looks where a site's events lie, to tell an empty site from one that has figures, and to choose its first range. */
import type { ApiError } from "../api-client.ts";
import type { PresetId } from "./range-presets.ts";
import { useSession } from "./session.ts";
import { useAnswer } from "./use-answer.ts";

/** The ranges tried, widest last: the usual view, then a site that began today, then one whose events are older. */
const TRIED = ["28d", "day", "all"] as const satisfies readonly PresetId[];

export type SiteStart =
  | { readonly state: "looking" }
  | { readonly state: "empty" }
  | { readonly state: "started"; readonly range: PresetId }
  | { readonly state: "failed"; readonly error: ApiError; readonly retry: () => void };

/** `refresh` looks again; a site is empty when none of the ranges holds an event of a person. */
export function useSiteStart(site: string, refresh: number): SiteStart {
  const recent = useProbe(site, TRIED[0], refresh);
  const today = useProbe(site, TRIED[1], refresh);
  const ever = useProbe(site, TRIED[2], refresh);
  const probes = [recent, today, ever];
  const failed = probes.find((probe) => probe.error !== null);
  if (failed?.error) {
    const retry = (): void => probes.forEach((probe) => void probe.retry());
    return { state: "failed", error: failed.error, retry };
  }
  if (probes.some((probe) => probe.events === null)) return { state: "looking" };
  const range = TRIED.find((_, index) => (probes[index]?.events ?? 0) > 0);
  return range === undefined ? { state: "empty" } : { state: "started", range };
}

type Probe = { readonly events: number | null; readonly error: ApiError | null; readonly retry: () => void };

function useProbe(site: string, range: PresetId, refresh: number): Probe {
  const { timezone } = useSession();
  const { answer, error, retry } = useAnswer({ site, metrics: ["events"], date_range: range, timezone }, refresh);
  return { events: answer === null ? null : (answer.results[0]?.metrics[0] ?? 0), error, retry };
}
