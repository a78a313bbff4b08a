/** What the main process and its workers tell each other over the channel that Node keeps between them. */
import type { ControlState } from "../../collector/control/control-state.ts";
import type { HashSeed } from "../../collector/control/key-hash.ts";
import type { Increments } from "../../collector/control/rate-limit.ts";
import type { Settings } from "../../config.ts";
import type { AcceptedEvent } from "../../event.ts";
import type { LogStatus } from "../../log/log.ts";

/** To a worker. `start` comes once, first; `watch` asks for every stored event instead of the newest only. */
export type ToWorker =
  | {
      readonly kind: "start";
      /** 1 to `writers`. */
      readonly writer: number;
      readonly writers: number;
      readonly settings: Settings;
      /** Port that all workers listen on; 0 lets the first one find one. */
      readonly port: number;
      readonly control: ControlState;
      readonly rateSeed: HashSeed;
      /** Path of the socket on which the main process answers what is not the worker's. */
      readonly mainSocket: string;
    }
  | { readonly kind: "control"; readonly control: ControlState }
  | { readonly kind: "used"; readonly increments: Increments }
  | { readonly kind: "watch"; readonly isWatched: boolean }
  | { readonly kind: "close" };

/** What a worker has to tell a few times a second. */
export type WorkerReport = {
  readonly status: LogStatus;
  /** Stored events since the last report, oldest first; only the newest where nobody watches. */
  readonly events: readonly AcceptedEvent[];
  readonly used: Increments;
  readonly lagMs: number;
  readonly untrustedForwards: number;
};

/** From a worker. */
export type FromWorker =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "report"; readonly report: WorkerReport }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "closed" };
