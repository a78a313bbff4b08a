/**
 * A process that erases a visitor from a log and its store, and kills itself while the store is made anew:
 * `renewer.ts DATA_DIR VISITOR "a batch stored" | "files exchanged"`.
 */
import { systemClock } from "../../src/clock.ts";
import { eraseEvents } from "../../src/log/erase/erase-log.ts";
import { openRenewable } from "../../src/store/renewable-store.ts";
import { openStore, type Store } from "../../src/store/store.ts";

const [dataDir = "", value = "", last = ""] = process.argv.slice(2);

const onStep = (step: string): void => {
  if (step === last) process.kill(process.pid, "SIGKILL");
};
const onWarning = (message: string): void => console.error(message);

async function openKilled(): Promise<Store> {
  const store = await openStore({ dataDir, clock: systemClock, onWarning });
  return {
    ...store,
    rebuild: async (request) => {
      const report = await store.rebuild({ ...request, onProgress: () => onStep("a batch stored") });
      onStep("files exchanged");
      return report;
    },
  };
}

const hasRoom = async (): Promise<boolean> => true;
const store = await openRenewable({ dataDir, clock: systemClock, open: openKilled, hasRoom, onWarning });
await store.load();
await eraseEvents({
  dataDir,
  target: { kind: "visitor", value, before: null },
  clock: systemClock,
  owner: {
    seal: async () => undefined,
    hold: () => store.hold(60_000),
    forget: async () => ({ eventIds: 0, liveEvents: 0, storeFiles: await store.renew() }),
  },
});
