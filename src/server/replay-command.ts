/**
 * The commands `replay` and `replay_status` of `collector.sock`: how `passerby replay` has a running collector rebuild its
 * store. One replay runs at a time; whoever asks while it runs waits for the same one. It goes on when the asker leaves.
 */
import type { Commands, Json } from "../log/owner/control-channel.ts";
import type { LoadProgress } from "../store/load.ts";
import type { RebuildReport } from "../store/rebuild.ts";
import type { Store } from "../store/store.ts";

/** What the commands are called on the channel. */
export const REPLAY_COMMAND = "replay";
export const REPLAY_STATUS_COMMAND = "replay_status";

type State = { running?: Promise<Json>; progress: LoadProgress | null };

/** Makes the commands; `replay` answers when the new store is in place, and waits for a store that is not open yet. */
export function replayCommands(store: Promise<Pick<Store, "rebuild">>): Commands {
  const state: State = { progress: null };
  const replay = async (): Promise<Json> => {
    const report = await (await store).rebuild({
      onProgress: (progress) => {
        state.progress = progress;
      },
    });
    return writeReport(report);
  };
  return {
    [REPLAY_COMMAND]: () => {
      state.running ??= replay().finally(() => {
        delete state.running;
        state.progress = null;
      });
      return state.running;
    },
    [REPLAY_STATUS_COMMAND]: async () => state.progress,
  };
}

/** Writes a report as it stands in the answer, and in what `passerby replay --json` prints. */
export function writeReport(report: RebuildReport): { readonly [key: string]: Json } {
  return { ...report, peak_memory_bytes: process.resourceUsage().maxRSS * 1024 };
}
