/**
 * Opens what the owner of a data directory holds, whoever appends events to it: keys, brake, salts, the store and the
 * newest events in memory. What collects into it comes after (intake.ts).
 */
import { resolve } from "node:path";
import { answerBrake, BRAKE_COMMAND } from "../collector/control/brake-command.ts";
import { type KeptControl, openControl } from "../collector/control/control-file.ts";
import { settleIdFiles } from "../collector/duplicates/settle-id-files.ts";
import { openSalts, type SaltKeeper } from "../collector/identity/salts.ts";
import type { LedgerReader } from "../collector/ledger/open-ledger.ts";
import { settleLedgers } from "../collector/ledger/settle-ledgers.ts";
import { PasserbyError } from "../errors.ts";
import { createEventStream, type EventStream, STREAM_LIMITS } from "../live/event-stream.ts";
import { createRing, type Ring } from "../live/ring.ts";
import { settleActiveFiles } from "../log/files/settle-active-files.ts";
import { claimLog, type Log, statusJson } from "../log/log.ts";
import type { Json } from "../log/owner/control-channel.ts";
import { waitForOrphans } from "../log/owner/orphans.ts";
import { readNewest } from "../log/read/read-newest.ts";
import { createAbsentStore } from "../store/absent-store.ts";
import type { RenewableStore } from "../store/renewable-store.ts";
import type { Store } from "../store/store.ts";
import { type KeyRing, openKeys } from "./access/keys.ts";
import { openSignIn, type SignIn } from "./access/sign-in-sessions.ts";
import { type Closers, repeat } from "./closers.ts";
import { answerErase, ERASE_COMMAND, type ForgetIds } from "./erase-command.ts";
import { hasRoomFor } from "./health/disk-watch.ts";
import { startLoading } from "./loading.ts";
import { replayCommands } from "./replay-command.ts";
import { forgetOldEvents, type Retaining, startRetaining } from "./retaining.ts";
import { answerLedger } from "./routes/ledger-route.ts";
import type { Starting } from "./starting.ts";

/** How often old salts are looked after when no request does it. */
const SALT_CHECK_MS = 60_000;
/** How soon the end of a brake is written down; that it has ended does not wait for that. */
const BRAKE_CHECK_MS = 1_000;

/** What commands of the control channel ask, filled in as the server comes up. */
export type Front = {
  /** Where the server can be reached; empty until it listens. */
  url: string;
  ledger?: LedgerReader;
  log?: Pick<Log, "status">;
  /** Forgets event ids wherever a writer remembers them. */
  forgetIds?: ForgetIds;
  /** Seals the active file of every writer, and returns the names of the shards. */
  seal?: () => Promise<readonly string[]>;
};

export type DataDir = {
  readonly dataDir: string;
  readonly keys: KeyRing;
  readonly signIn: SignIn;
  readonly control: KeptControl;
  readonly salts: SaltKeeper;
  readonly store: Store;
  /** The same store, where it is on. */
  readonly renewable: RenewableStore | null;
  readonly ring: Ring;
  readonly stream: EventStream;
  readonly retaining: Retaining;
};

/** Claims the data directory and opens all of it. Throws `data_dir_unusable`, `data_dir_owned` or `setting_invalid`. */
export async function openDataDir(options: Starting, front: Front, closers: Closers): Promise<DataDir> {
  const { settings, clock, onWarning } = options;
  const dataDir = resolve(settings.dataDir);
  const opening = Promise.withResolvers<DataDir>();
  opening.promise.catch(() => undefined); // Whoever asks before a start that fails is told by the end of it.
  const folder = await claimLog(dataDir, clock, commandsOf(front, opening.promise));
  closers.add(() => folder.close());
  await waitForOrphans(dataDir);
  // All of it is read when the folder is ours: until then passerby brake may write what the next start is to obey.
  const keys = openKeys(dataDir, clock);
  const signIn = openSignIn(dataDir, { clock, keys });
  const control = openControl(dataDir, { clock, settings, onWarning });
  repeat(closers, BRAKE_CHECK_MS, control.settle);
  const salts = openSalts(dataDir, { clock, onWarning });
  repeat(closers, SALT_CHECK_MS, () => salts.at(clock.now()));
  await settleWriters(dataDir, options);
  const renewable = settings.store === "on" ? await openStoreOf(dataDir, options) : null;
  const store = renewable ?? createAbsentStore();
  closers.add(() => store.close());
  if (settings.store === "on") {
    const loading = startLoading(store, { clock, onWarning });
    closers.add(() => loading.stop());
  }
  const ring = createRing(settings.ringCapacity);
  ring.push(await readNewest(dataDir, settings.ringCapacity));
  forgetOldEvents(ring, settings.retentionDays, clock.now());
  const retaining = startRetaining({ dataDir, settings, clock, onWarning, store, ring }, closers);
  const stream = createEventStream(ring, { ...STREAM_LIMITS, ...options.streamLimits });
  const opened = { dataDir, keys, signIn, control, salts, store, renewable, ring, stream, retaining };
  opening.resolve(opened);
  return opened;
}

function commandsOf(front: Front, opened: Promise<DataDir>): Parameters<typeof claimLog>[2] {
  return {
    status: async () => (front.log === undefined ? null : statusJson(front.log.status())),
    sign_in_token: async () => ({ token: (await opened).signIn.issueToken(), url: front.url }),
    [BRAKE_COMMAND]: answerBrake(opened.then(({ control }) => control)),
    seal: async () => ({ sealed: await sealAll(front) }),
    [ERASE_COMMAND]: answerErase(opened, () => front.forgetIds),
    ledger: async (args: Json) => answerLedger(args, front.ledger),
    retain: async () => (await opened).retaining.run(),
    ...replayCommands(opened.then(({ store }) => store)),
  };
}

async function sealAll({ seal }: Front): Promise<readonly string[]> {
  if (seal === undefined) throw new PasserbyError("log_unavailable", "the server is still starting: ask again");
  return seal();
}

/** Brings what earlier starts left, perhaps with another number of writers, into the form for those to come. */
async function settleWriters(dataDir: string, { settings, clock, onWarning }: Starting): Promise<void> {
  const { retentionDays, dedupWindow: capacity, workers: writers } = settings;
  const running = new Set(Array.from({ length: writers }, (_, index) => index + 1));
  settleActiveFiles({ dataDir, onWarning }, running);
  await settleLedgers({ dataDir, clock, retentionDays, onWarning }, running);
  await settleIdFiles({ dataDir, writers, capacity, retentionDays, clock, onWarning });
}

/** DuckDB is brought in only where it is used: alone it takes some 40 MB. */
async function openStoreOf(dataDir: string, { settings, clock, onWarning }: Starting): Promise<RenewableStore> {
  const { openStore } = await import("../store/store.ts");
  const { openRenewable } = await import("../store/renewable-store.ts");
  const { retentionDays, diskCriticalPercent } = settings;
  return openRenewable({
    ...{ dataDir, clock, onWarning },
    open: () => openStore({ dataDir, clock, retentionDays, onWarning }),
    // Past the critical share events are refused: none is to be, for the sake of an answer.
    hasRoom: (bytes) => hasRoomFor(dataDir, bytes, diskCriticalPercent),
  });
}
