/** Waits for workers of a main process that was killed: they end by themselves, but until then they hold their files open. */
import { readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { socketPath } from "./control-channel.ts";
import { claimDataDir, type Ownership } from "./ownership.ts";

const WORKER_SOCKET = /^\.worker-\d+\.sock$/;
const POLL_MS = 20;
/** A worker learns at once that its main process is gone; one that is stopped or hangs does not. */
const MAX_TRIES = 250;

/**
 * Claims a data directory in which nobody writes any more, such as to seal what a killed collector left. Throws what
 * `claimDataDir` throws, and `data_dir_owned` while a worker of an earlier start hangs. Release it.
 */
export async function claimAbandoned(dataDir: string, clock: Clock): Promise<Ownership> {
  const ownership = await claimDataDir(dataDir, clock);
  try {
    await waitForOrphans(dataDir);
    return ownership;
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

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
