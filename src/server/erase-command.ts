/**
 * The command `erase` of `collector.sock`: what a running collector does for `passerby erase`, which rewrites the shards
 * itself. `hold` keeps the store from loading meanwhile; `forget` takes the erased events out of everything that the
 * collector and its workers hold, and answers when that is on disk and the store is made anew.
 */
import { Compile } from "typebox/compile";
import { PasserbyError } from "../errors.ts";
import type { Ring } from "../live/ring.ts";
import { readErasedIds } from "../log/erase/erased-ids.ts";
import type { Command } from "../log/owner/control-channel.ts";
import { removeStoreFiles } from "../store/remove-store.ts";
import type { RenewableStore } from "../store/renewable-store.ts";

/** What the command is called on the channel. */
export const ERASE_COMMAND = "erase";

/** An eraser asks again well within this; one that was killed holds the store no longer. */
const HOLD_MS = 60_000;

export type ErasableParts = {
  readonly dataDir: string;
  /** Null where the store is off: then only files of earlier starts are removed. */
  readonly renewable: RenewableStore | null;
  readonly ring: Ring;
};

/** Forgets the ids of a file wherever a writer remembers them; returns how many there were. */
export type ForgetIds = (idsFile: string) => Promise<number>;

const requestShape = Compile({
  type: "object",
  required: ["step"],
  properties: { step: { enum: ["hold", "forget"] }, ids: { type: "string" } },
} as const);

/** Makes the command; `forgetIds` is there once the server has come up. */
export function answerErase(parts: Promise<ErasableParts>, forgetIds: () => ForgetIds | undefined): Command {
  return async (args) => {
    if (!requestShape.Check(args)) {
      throw new PasserbyError(
        "invalid_request",
        'erase takes {"step":"hold"} or {"step":"forget","ids":"erase-KEY.ids"}',
      );
    }
    const { dataDir, renewable, ring } = await parts;
    const forget = forgetIds();
    if (forget === undefined) throw new PasserbyError("log_unavailable", "the server is still starting: ask again");
    if (args.step === "hold") {
      await renewable?.hold(HOLD_MS);
      return { held: true };
    }
    const idsFile = args.ids ?? "";
    const eventIds = await forget(idsFile);
    // After the workers, which told of all that they had stored before they answered.
    const liveEvents = forgetLive(ring, readErasedIds(dataDir, idsFile));
    const storeFiles = renewable === null ? removeStoreFiles(dataDir) : await renewable.renew();
    return { event_ids: eventIds, live_events: liveEvents, store_files: storeFiles };
  };
}

/** Takes events out of a ring by their ids; returns how many were in it. */
export function forgetLive(ring: Ring, lists: Iterable<readonly string[]>): number {
  const held = new Set(ring.newestFirst().map(({ eventId }) => eventId.toLowerCase()));
  const erased = new Set<string>();
  for (const ids of lists) for (const id of ids) if (held.has(id)) erased.add(id);
  return ring.remove(({ eventId }) => erased.has(eventId.toLowerCase()));
}
