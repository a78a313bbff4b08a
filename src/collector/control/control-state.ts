/** What an operator has set at run time, as plain data, and how a change or the end of one makes the next of it. */
import { Compile } from "typebox/compile";
import { type ChangeNote, NOTE_SCHEMA } from "../../change-note.ts";

/** What a brake acts on: the collector drops events, trackers are told not to send them. */
export const TARGETS = ["collector", "tracker"] as const;
export type Target = (typeof TARGETS)[number];

/** `on`: nothing passes; `off`: the brake does nothing; a number: the share of visitors that passes, 0 to 1. */
export type BrakePosition = "on" | "off" | number;

/** A position without an end and, over it, one that ends by itself. */
export type Brake = {
  readonly standing: BrakePosition;
  /** Who set it; left out where nobody has, and by older versions. */
  readonly by?: ChangeNote;
  /** `until`: ISO 8601 UTC; null when nothing lies over the standing position. */
  readonly temporary: { readonly position: BrakePosition; readonly until: string; readonly by?: ChangeNote } | null;
};

type Brakes = Readonly<Record<Target, Brake>>;

/** All brakes: for every site, and for single sites by name, which are on or off only. */
export type ControlState = Brakes & {
  /** Version of this form. */
  readonly version: 1;
  readonly sites: Readonly<Record<string, Brakes>>;
};

/** Which brake: of a target, for one site or (null) for all. */
export type BrakeName = { readonly target: Target; readonly site: string | null };

/** A brake whose temporary position has come to its end. */
export type EndedBrake = BrakeName & { readonly position: BrakePosition; readonly until: string };

const OFF: Brake = { standing: "off", temporary: null };

/** What holds when nobody has set anything. */
export const NOTHING_SET: ControlState = { version: 1, collector: OFF, tracker: OFF, sites: {} };

const position = {
  anyOf: [
    { type: "string", enum: ["on", "off"] },
    { type: "number", minimum: 0, maximum: 1 },
  ],
} as const;
const brake = {
  type: "object",
  required: ["standing", "temporary"],
  properties: {
    standing: position,
    by: NOTE_SCHEMA,
    temporary: {
      anyOf: [
        { type: "null" },
        {
          type: "object",
          required: ["position", "until"],
          properties: { position, until: { type: "string" }, by: NOTE_SCHEMA },
        },
      ],
    },
  },
} as const;
const brakes = { type: "object", required: TARGETS, properties: { collector: brake, tracker: brake } } as const;
const stateSchema = Compile({
  type: "object",
  required: ["version", "collector", "tracker", "sites"],
  properties: {
    version: { type: "integer", const: 1 },
    collector: brake,
    tracker: brake,
    sites: { type: "object", additionalProperties: false, patternProperties: { "^[a-z0-9.-]{1,253}$": brakes } },
  },
} as const);

/** Says whether a value is a state in this form, with times that can be read. */
export function isControlState(value: unknown): value is ControlState {
  return stateSchema.Check(value) && listBrakes(value).every(([, { temporary }]) => isTime(temporary?.until));
}

function isTime(text: string | undefined): boolean {
  return text === undefined || !Number.isNaN(Date.parse(text));
}

/** Lists every brake with its name. */
export function listBrakes(state: ControlState): readonly (readonly [BrakeName, Brake])[] {
  const all = TARGETS.map((target) => [{ target, site: null }, state[target]] as const);
  const ofSites = Object.entries(state.sites).flatMap(([site, own]) =>
    TARGETS.map((target) => [{ target, site }, own[target]] as const),
  );
  return [...all, ...ofSites];
}

/** Returns the position of a brake at a time in milliseconds since 1970. */
export function positionAt({ standing, temporary }: Brake, nowMs: number): BrakePosition {
  return temporary !== null && nowMs < Date.parse(temporary.until) ? temporary.position : standing;
}

/** Returns who set what a brake is at at a time; null where nobody did, or it is not known. */
export function noteAt({ by, temporary }: Brake, nowMs: number): ChangeNote | null {
  return (temporary !== null && nowMs < Date.parse(temporary.until) ? temporary.by : by) ?? null;
}

/** Sets brakes to a position: until a time (ISO 8601 UTC) over what they were, or for good in place of it. */
export function setBrakes(
  state: ControlState,
  names: readonly BrakeName[],
  set: { readonly position: BrakePosition; readonly until: string | null; readonly by: ChangeNote },
): ControlState {
  const { position: to, until, by } = set;
  return names.reduce((before, name) => {
    const next: Brake =
      until === null
        ? { standing: to, by, temporary: null }
        : { ...brakeOf(before, name), temporary: { position: to, until, by } };
    return replaceBrake(before, name, next);
  }, state);
}

/** Takes away every temporary position that has come to its end, and says which. */
export function endBrakes(
  state: ControlState,
  nowMs: number,
): { readonly state: ControlState; readonly ended: readonly EndedBrake[] } {
  const ended = listBrakes(state).flatMap(([name, { temporary }]): readonly EndedBrake[] =>
    temporary !== null && Date.parse(temporary.until) <= nowMs
      ? [{ ...name, position: temporary.position, until: temporary.until }]
      : [],
  );
  const next = ended.reduce((before, name) => {
    return replaceBrake(before, name, { ...brakeOf(before, name), temporary: null });
  }, state);
  return { state: next, ended };
}

/** Returns a brake by its name; one that was never set is off. */
export function brakeOf(state: ControlState, { target, site }: BrakeName): Brake {
  return (site === null ? state : state.sites[site])?.[target] ?? OFF;
}

function replaceBrake(state: ControlState, { target, site }: BrakeName, next: Brake): ControlState {
  if (site === null) return { ...state, [target]: next };
  const own: Brakes = { ...(state.sites[site] ?? { collector: OFF, tracker: OFF }), [target]: next };
  const { [site]: _before, ...others } = state.sites;
  const isSet = TARGETS.some((name) => own[name].standing !== "off" || own[name].temporary !== null);
  return { ...state, sites: isSet ? { ...others, [site]: own } : others };
}
