/** Who does what only the owner of a data directory may do for `passerby erase`: the running collector, or this process. */
import { Compile } from "typebox/compile";
import { systemClock } from "../src/clock.ts";
import { forgetIdsOnDisk } from "../src/collector/duplicates/forget-ids.ts";
import { PasserbyError } from "../src/errors.ts";
import type { Owner } from "../src/log/erase/erase-log.ts";
import { readErasedIds } from "../src/log/erase/erased-ids.ts";
import { listLogFiles } from "../src/log/files/log-files.ts";
import { settleActiveFiles } from "../src/log/files/settle-active-files.ts";
import { askOwner, type Json } from "../src/log/owner/control-channel.ts";
import { claimAbandoned } from "../src/log/owner/orphans.ts";
import { ERASE_COMMAND } from "../src/server/erase-command.ts";
import { removeStoreFiles } from "../src/store/remove-store.ts";

/** An owner, and what ends it; `isCollector` says that a collector runs. */
export type HeldOwner = Owner & { readonly isCollector: boolean; readonly release: () => Promise<void> };

/** The collector lets go of the store when it is not asked for a minute. */
const HOLD_EVERY_MS = 15_000;

const forgottenShape = Compile({
  type: "object",
  required: ["event_ids", "live_events", "store_files"],
  properties: {
    event_ids: { type: "integer" },
    live_events: { type: "integer" },
    store_files: { type: "array", items: { type: "string" } },
  },
} as const);

/** Finds the owner: the collector that answers, else this process, which claims the folder. Throws `data_dir_owned`. Release it. */
export async function findOwner(dataDir: string): Promise<HeldOwner> {
  return (await askOwner(dataDir, "hello")) === "owner" ? askCollector(dataDir) : claimForErasing(dataDir);
}

function askCollector(dataDir: string): HeldOwner {
  let timer: NodeJS.Timeout | undefined;
  const hold = async (): Promise<void> => {
    await ask(dataDir, ERASE_COMMAND, { step: "hold" });
    timer ??= setInterval(() => {
      hold().catch(() => undefined); // Whoever waits for the next answer is told.
    }, HOLD_EVERY_MS);
  };
  return {
    isCollector: true,
    seal: async () => {
      await ask(dataDir, "seal", null);
    },
    hold,
    forget: async (ids) => {
      clearInterval(timer);
      const answer = await ask(dataDir, ERASE_COMMAND, { step: "forget", ids });
      if (!forgottenShape.Check(answer)) throw otherVersion(dataDir, ERASE_COMMAND);
      const { event_ids: eventIds, live_events: liveEvents, store_files: storeFiles } = answer;
      return { eventIds, liveEvents, storeFiles };
    },
    release: async () => clearInterval(timer),
  };
}

async function ask(dataDir: string, command: string, args: Json): Promise<Json> {
  const answer = await askOwner(dataDir, command, args).catch((error: unknown) => {
    if (error instanceof PasserbyError && error.code === "not_found") throw otherVersion(dataDir, command);
    throw error;
  });
  if (answer !== undefined) return answer;
  throw new PasserbyError("data_dir_owned", `the collector of ${dataDir} has ended meanwhile: run the command again`);
}

function otherVersion(dataDir: string, command: string): PasserbyError {
  const message = `the collector that runs on ${dataDir} does not know ${command}: restart it with this version, then erase again`;
  return new PasserbyError("data_dir_owned", message);
}

async function claimForErasing(dataDir: string): Promise<HeldOwner> {
  const ownership = await claimAbandoned(dataDir, systemClock);
  return {
    isCollector: false,
    seal: () => sealAll(dataDir),
    hold: async () => undefined,
    forget: async (idsFile) => ({
      eventIds: forgetIdsOnDisk({ dataDir, clock: systemClock, lists: readErasedIds(dataDir, idsFile) }),
      liveEvents: 0,
      storeFiles: removeStoreFiles(dataDir),
    }),
    release: ownership.release,
  };
}

async function sealAll(dataDir: string): Promise<void> {
  const warnings: string[] = [];
  settleActiveFiles({ dataDir, onWarning: (warning) => warnings.push(warning) }, new Set());
  const left = (await listLogFiles(dataDir)).find(({ kind }) => kind === "active");
  if (left === undefined) return;
  throw new PasserbyError("log_unavailable", warnings[0] ?? `${left.name} could not be sealed: erase again`);
}
