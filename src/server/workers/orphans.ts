/** Waits for workers of a main process that was killed: they end by themselves, but until then they hold their files open. */
import { readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PasserbyError } from "../../errors.ts";
import { socketPath } from "../../log/owner/control-channel.ts";

const WORKER_SOCKET = /^\.worker-\d+\.sock$/;
const POLL_MS = 20;
/** A worker learns at once that its main process is gone; one that is stopped or hangs does not. */
const MAX_TRIES = 250;

/** Returns when no worker of an earlier start answers any more. For the owner of the folder. Throws `data_dir_owned`. */
export async function waitForOrphans(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir).filter((file) => WORKER_SOCKET.test(file))) {
    for (let tries = 0; await answers(dataDir, name); tries++) {
      if (tries === MAX_TRIES) {
        throw new PasserbyError("data_dir_owned", `a worker of an earlier start still has ${dataDir}: stop it`);
      }
      await delay(POLL_MS);
    }
    rmSync(join(dataDir, name), { force: true });
  }
}

function answers(dataDir: string, name: string): Promise<boolean> {
  const { path, close } = socketPath(dataDir, name);
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isThere: boolean): void => {
      socket.destroy();
      close();
      resolve(isThere);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
