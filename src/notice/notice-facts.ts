/**
 * What a privacy notice has to say of an installation: read from the settings of the collector and from how the tracker is
 * put on the site, so that the notice and the configuration cannot differ.
 */
import { PasserbyError } from "../errors.ts";
import type { Settings } from "../settings-shape.ts";
import { AUTOMATIC_EVENT_WORDS, type ScriptName } from "./event-words.ts";
import { FIELD_WORDS, type FieldNeed } from "./field-words.ts";

export const IDENTITIES = ["daily", "session", "persistent"] as const;
export type Identity = (typeof IDENTITIES)[number];

export const OUTBOXES = ["session", "local", "memory"] as const;
export type Outbox = (typeof OUTBOXES)[number];

/** An event that the site sends by code of its own. */
export type OwnEvent = { readonly name: string; readonly when: string };

/** How the tracker is put on the site; the collector cannot know it. */
export type TrackerUse = {
  readonly identity: Identity;
  readonly outbox: Outbox;
  /** Scripts loaded beside the core. */
  readonly scripts: readonly ScriptName[];
  /** Automatic events that are turned off by an attribute or an option. */
  readonly turnedOff: readonly string[];
  /** Share of visitors that the tracker counts, 0 to 1. */
  readonly sampleRate: number;
  readonly ownEvents: readonly OwnEvent[];
};

export type NoticeFacts = TrackerUse & {
  /** Name of the site as the notice calls it. */
  readonly siteName: string;
  /** How to reach who is responsible, as text; undefined: the notice says nothing of it. */
  readonly contact: string | undefined;
  readonly retentionDays: number;
  /** Share of visitors that the collector stores, 0 to 1. */
  readonly serverRate: number;
  /** What the collector does with events whose browser asks for privacy; the tracker sends none. */
  readonly privacySignals: "drop" | "no_id" | "ignore";
  readonly bots: "keep" | "drop";
  readonly events: readonly { readonly name: string; readonly when: string; readonly says: string }[];
  readonly fields: readonly { readonly name: string; readonly meaning: string }[];
};

export type NoticeOptions = {
  readonly settings: Settings;
  /** Name of a configured site. */
  readonly site: string;
  readonly siteName: string;
  readonly contact: string | undefined;
  readonly tracker: TrackerUse;
};

/** Gathers the facts. Throws `setting_invalid` for a site that is not configured. */
export function gatherFacts({ settings, site, siteName, contact, tracker }: NoticeOptions): NoticeFacts {
  if (!settings.sites.some(({ name }) => name === site)) {
    const known = settings.sites.map(({ name }) => name).join(", ");
    throw new PasserbyError("setting_invalid", `--site ${site} is not a configured site: give one of ${known}`);
  }
  const { everywhere, bySite } = settings.privacySignals;
  const needs: Readonly<Record<FieldNeed, boolean>> = {
    always: true,
    session: tracker.identity !== "daily",
    user_agent: settings.keepUserAgent,
    geo: settings.geoDatabase !== null,
  };
  const isSent = (name: string): boolean => !tracker.turnedOff.includes(name);
  return {
    ...tracker,
    ...{ siteName, contact },
    retentionDays: settings.retentionDays,
    serverRate: settings.sampleRate,
    privacySignals: bySite.find((one) => one.site === site)?.answer ?? everywhere,
    bots: settings.bots,
    events: [
      ...AUTOMATIC_EVENT_WORDS.filter(({ name, script }) => isSent(name) && isLoaded(script, tracker)),
      ...tracker.ownEvents.map(({ name, when }) => ({ name, when, says: "As described" })),
    ].map(({ name, when, says }) => ({ name, when, says })),
    fields: Object.entries(FIELD_WORDS)
      .filter(([, { need }]) => needs[need])
      .map(([name, { meaning }]) => ({ name, meaning })),
  };
}

function isLoaded(script: ScriptName | "core", { scripts }: TrackerUse): boolean {
  return script === "core" || scripts.includes(script);
}
