/**
 * The collector: an HTTP body in, stored events or a counted refusal out.
 *
 * A request is answered when every one of its events has met its end: on disk, dropped with a reason, or refused with
 * one. Nothing is answered before the log has synced, so a success never stands for something that a crash could undo.
 * After a crash the client holds no answer and may send again; `event_id` makes that count once.
 */
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import { type ErrorDetail, PasserbyError } from "../errors.ts";
import { type DropReason, REFUSAL_REASONS, type RefusalReason } from "../event.ts";
import { createPageFacts, type PageFacts } from "./asking-page.ts";
import type { Control } from "./control/control.ts";
import type { RateLimiter } from "./control/rate-limit.ts";
import type { OnceStore, ReadyEvent, StoreOutcome } from "./duplicates/store-once.ts";
import { createAgentReader } from "./enrichment/enrich.ts";
import { createSourceFinder } from "./enrichment/enrich-event.ts";
import { createPlaceFinder } from "./enrichment/find-place.ts";
import { trackActiveVisitors } from "./identity/active-visitors.ts";
import { currentVisitorId, forgetVisitors, type IdentityState } from "./identity/identify.ts";
import type { SaltKeeper } from "./identity/salts.ts";
import { type AddressChecks, createAddressChecks } from "./intake/address-checks.ts";
import { countEvents } from "./intake/count-events.ts";
import { type Batch, decodeBatch, type EncodedBody } from "./intake/decode.ts";
import type { OriginList } from "./intake/origins.ts";
import type { Sender } from "./intake/sender.ts";
import { findSite, indexSites, type SiteFinder } from "./intake/site.ts";
import { refuseWhole, type SortedBatch, sortBatch } from "./intake/sort-batch.ts";
import { validateEvent } from "./intake/validate.ts";
import type { Ledger } from "./ledger/open-ledger.ts";
import { RequestAccount } from "./ledger/request-account.ts";
import { type Drop, type PipelineState, type Processed, runAll } from "./pipeline.ts";
import { createScrubbers } from "./privacy/scrub-event.ts";

export type CollectRequest = {
  readonly body: EncodedBody;
  readonly sender: Sender;
  /** True for `?partial=1`: the valid events of a batch are stored although others are refused. */
  readonly isPartial: boolean;
};

/** The body of a 202, in the names of the wire. */
export type CollectAnswer = {
  readonly ok: true;
  /** Events that are on disk now. */
  readonly stored: number;
  /** Base name of the file they are in; null when none was stored. */
  readonly file: string | null;
  readonly dropped?: Readonly<Partial<Record<DropReason, number>>>;
  readonly refused?: Readonly<Partial<Record<RefusalReason, number>>>;
  readonly details?: readonly ErrorDetail[];
  /** Values that were replaced by `[redacted]`. */
  readonly redacted?: number;
  /** Fields of a newer contract that were left out, with how many events had them. */
  readonly unknown_field?: Readonly<Record<string, number>>;
};

export type Collector = PageFacts & {
  /** Takes a request to its end. Throws a PasserbyError for one that is refused as a whole; that is counted too. */
  readonly collect: (request: CollectRequest) => Promise<CollectAnswer>;
  /** Counts a request that was refused before its body could be read. */
  readonly countRefusal: (reason: RefusalReason) => void;
  /** The id that the collector derives for a sender now, and the site it is for. */
  readonly visitorOf: (sender: Sender) => { readonly visitorId: string; readonly site: string };
  /** Forgets who was active, so that an erased visitor does not come back under the erased id. */
  readonly forgetVisitors: () => void;
};

export type CollectorParts = {
  readonly settings: Settings;
  readonly clock: Clock;
  /** Over a log whose appends the ledger counts (countStored) and the ring is told of (pushStored). */
  readonly once: OnceStore;
  readonly ledger: Ledger;
  readonly salts: SaltKeeper;
  readonly control: Control;
  readonly limiter: RateLimiter;
  /** Says why nothing more is taken right now; undefined when there is room. */
  readonly guard: { readonly refusal: () => string | undefined };
};

type Collecting = CollectorParts & {
  readonly origins: OriginList;
  readonly sites: SiteFinder;
  readonly addresses: AddressChecks;
  readonly state: PipelineState;
};

/** Puts the collector together. Throws `setting_invalid` for a geo database that is of no use. */
export function createCollector(parts: CollectorParts): Collector {
  const { settings, clock, salts, control, ledger } = parts;
  const sites = indexSites(settings.sites);
  const identity: IdentityState = { salts, active: trackActiveVisitors(), last: undefined };
  const state = {
    settings,
    clock,
    identity,
    sites,
    agents: createAgentReader(),
    findSource: createSourceFinder(sites),
    scrubbers: createScrubbers(),
    findPlace: createPlaceFinder(settings.geoDatabase),
    isStored: parts.once.isStored,
    control,
  };
  const pages = createPageFacts(settings, { sites, control, clock });
  const collecting = { ...parts, origins: pages.origins, sites, addresses: createAddressChecks(), state };
  return {
    ...pages,
    collect: (request) => collect(request, collecting),
    countRefusal: (reason) => new RequestAccount(ledger.at(clock.now()), undefined).refuse({ reason, count: 1 }),
    visitorOf: (sender) => {
      const site = pages.siteOf(sender);
      const traits = { site, address: sender.address, userAgent: sender.userAgent.slice(0, 256) };
      return { site, visitorId: currentVisitorId(identity, traits, clock.now()) };
    },
    forgetVisitors: () => forgetVisitors(identity),
  };
}

async function collect(request: CollectRequest, collecting: Collecting): Promise<CollectAnswer> {
  const { sites, ledger, clock, guard, limiter, origins } = collecting;
  const { sender } = request;
  const receivedAtMs = clock.now();
  const account = new RequestAccount(ledger.at(receivedAtMs), findSite(sites, { sender }));
  try {
    checkOrigin(sender, origins);
    checkRate(sender, limiter);
    checkRoom(guard.refusal());
    const batch = await decodeBatch(request.body);
    return await storeBatch({ ...request, batch, receivedAtMs, account }, collecting);
  } catch (error) {
    const reason = REFUSAL_REASONS.find((code) => error instanceof PasserbyError && error.code === code);
    if (reason === undefined) account.fail();
    else refuse(account, reason, request);
    throw error;
  }
}

/** Refusals that come before the body is looked at; the others say that it cannot be read. */
const UNREAD_REASONS: readonly RefusalReason[] = ["origin_not_allowed", "rate_limited", "log_unavailable"];

/** Counts a refusal; a request refused before it was read is read now, so that the counts stay in events. */
function refuse(account: RequestAccount, reason: RefusalReason, { body, sender }: CollectRequest): void {
  const isUnread = !account.hasArrived && UNREAD_REASONS.includes(reason);
  const count = isUnread ? countEvents(body) : 1;
  account.refuse({ reason, count, origin: reason === "origin_not_allowed" ? sender.origin : undefined });
}

function checkOrigin(sender: Sender, origins: OriginList): void {
  if (sender.origin === undefined || origins.allows(sender.origin)) return;
  throw new PasserbyError("origin_not_allowed", "this origin may not send events: add it to ALLOWED_ORIGINS");
}

/** Holds clients to their rate; a server that sends with a key is one its owner knows. */
function checkRate(sender: Sender, limiter: RateLimiter): void {
  const retryAfterSeconds = sender.hasIngestKey ? 0 : limiter.take(sender.address, sender.userAgent);
  if (retryAfterSeconds === 0) return;
  const message = `more requests than one client may make (METRICS_RATE_LIMIT): try again in ${retryAfterSeconds} s`;
  throw new PasserbyError("rate_limited", message, { retryAfterSeconds });
}

function checkRoom(refusal: string | undefined): void {
  if (refusal !== undefined) throw new PasserbyError("log_unavailable", `nothing was stored: ${refusal}; try again`);
}

type Decoded = CollectRequest & {
  readonly batch: Batch;
  readonly receivedAtMs: number;
  readonly account: RequestAccount;
};

async function storeBatch(decoded: Decoded, collecting: Collecting): Promise<CollectAnswer> {
  const { settings, sites, addresses, clock, state } = collecting;
  const { batch, sender, receivedAtMs, account } = decoded;
  const receivedAt = new Date(receivedAtMs).toISOString();
  const validation = { settings, sites, addresses, clock, sender, receivedAtMs, receivedAt, batch };
  const sorted = sortBatch(batch.events, (raw, index) => validateEvent(raw, index, validation));
  account.arrive(sorted);
  refuseWhole(sorted, decoded.isPartial);
  const processed = await runAll(sorted.drafts, state);
  const { stored, duplicates, file } = await append(processed.ready, account, collecting);
  const dropped = [...processed.dropped, ...duplicates.map(({ site }): Drop => ({ site, reason: "duplicate" }))];
  account.settle(dropped, batch.lost);
  return { ok: true, stored: stored.length, file, ...describeRest({ ...processed, dropped }, sorted) };
}

const NOTHING_STORED: Promise<StoreOutcome> = Promise.resolve({ stored: [], duplicates: [], file: null });

/** The append step: one write for what is left of the batch. */
function append(ready: readonly ReadyEvent[], account: RequestAccount, { once }: Collecting): Promise<StoreOutcome> {
  if (ready.length === 0) return NOTHING_STORED;
  return once.store(ready, (events) => account.noteStored(events));
}

/** What the answer says besides `stored`, each part only where there is something to say. */
function describeRest({ dropped, redacted }: Processed, sorted: SortedBatch): Partial<CollectAnswer> {
  const counts: Partial<Record<DropReason, number>> = {};
  for (const { reason } of dropped) counts[reason] = (counts[reason] ?? 0) + 1;
  return {
    ...(dropped.length > 0 && { dropped: counts }),
    ...(sorted.refused > 0 && { refused: { invalid_event: sorted.refused }, details: sorted.details }),
    ...(redacted > 0 && { redacted }),
    ...(Object.keys(sorted.unknownFields).length > 0 && { unknown_field: sorted.unknownFields }),
  };
}
