/**
 * Run-time control: what the brake lets through right now. Reading it costs a comparison and a field, since every event
 * asks; it is worked out again only when it was changed or when something in it has come to its end.
 */
import type { DropReason } from "../../event.ts";
import { type ControlState, listBrakes, positionAt } from "./control-state.ts";
import { type TrackerConfig, trackerConfigFor } from "./tracker-config.ts";

export type Control = {
  /** Why an event of a site is dropped now whatever it is; undefined when the brake lets it pass. */
  readonly dropReason: (site: string, nowMs: number) => Extract<DropReason, "brake" | "site_off"> | undefined;
  /** Share of visitors that the collector keeps now, 0 to 1. */
  readonly sampleRate: (nowMs: number) => number;
  /** What trackers on the pages of a site are told now. */
  readonly trackerConfig: (site: string, nowMs: number) => TrackerConfig;
  /** What is set, as plain data: another process that adopts it lets the same through. */
  readonly snapshot: () => ControlState;
  readonly adopt: (state: ControlState) => void;
};

/** What holds until a moment (milliseconds since 1970; infinite when nothing ends). */
type InForce = {
  readonly untilMs: number;
  readonly isBraked: boolean;
  readonly sampleRate: number;
  readonly sitesOff: ReadonlySet<string>;
  readonly config: TrackerConfig;
  readonly disabled: TrackerConfig;
  readonly disabledSites: ReadonlySet<string>;
};

export type ControlOptions = {
  readonly state: ControlState;
  /** Share of visitors to keep while nobody has set another: METRICS_SAMPLE_RATE. */
  readonly defaultRate: number;
  readonly nowMs: number;
};

/** Makes a control that holds a state. */
export function createControl({ state: initial, defaultRate, nowMs: startMs }: ControlOptions): Control {
  let state = initial;
  let inForce = workOut(state, defaultRate, startMs);
  const at = (nowMs: number): InForce => {
    if (nowMs >= inForce.untilMs) inForce = workOut(state, defaultRate, nowMs);
    return inForce;
  };
  return {
    dropReason: (site, nowMs) => {
      const { isBraked, sitesOff } = at(nowMs);
      if (isBraked) return "brake";
      return sitesOff.size > 0 && sitesOff.has(site) ? "site_off" : undefined;
    },
    sampleRate: (nowMs) => at(nowMs).sampleRate,
    trackerConfig: (site, nowMs) => {
      const { config, disabled, disabledSites } = at(nowMs);
      return disabledSites.size > 0 && disabledSites.has(site) ? disabled : config;
    },
    snapshot: () => state,
    adopt: (next) => {
      state = next;
      // Whatever the time is: the next reading works it out.
      inForce = { ...inForce, untilMs: Number.NEGATIVE_INFINITY };
    },
  };
}

function workOut(state: ControlState, defaultRate: number, nowMs: number): InForce {
  const collector = positionAt(state.collector, nowMs);
  const isOn = listBrakes(state).filter(([{ site }, brake]) => site !== null && positionAt(brake, nowMs) === "on");
  const sitesBraked = (target: string): ReadonlySet<string> =>
    new Set(isOn.flatMap(([name]) => (name.target === target && name.site !== null ? [name.site] : [])));
  const ends = listBrakes(state).map(([, { temporary }]) => (temporary === null ? nowMs : Date.parse(temporary.until)));
  return {
    untilMs: Math.min(Number.POSITIVE_INFINITY, ...ends.filter((end) => end > nowMs)),
    isBraked: collector === "on",
    sampleRate: typeof collector === "number" ? collector : defaultRate,
    sitesOff: sitesBraked("collector"),
    config: trackerConfigFor(positionAt(state.tracker, nowMs)),
    disabled: trackerConfigFor("on"),
    disabledSites: sitesBraked("tracker"),
  };
}
