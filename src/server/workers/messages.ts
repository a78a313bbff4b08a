/** What the main process and its workers tell each other over the channel that Node keeps between them. */
import type { ControlState } from "../../collector/control/control-state.ts";
import type { HashSeed } from "../../collector/control/key-hash.ts";
import type { Increments } from "../../collector/control/rate-limit.ts";
import type { Arrivals } from "../../collector/ledger/since-start.ts";
import type { Settings } from "../../config.ts";
import type { AcceptedEvent } from "../../event.ts";
import type { LogStatus } from "../../log/log.ts";
import type { MetricNumbers } from "../health/take-numbers.ts";

/** What a worker is started with. */
export type WorkerStart = {
  /** 1 to `writers`. */
  readonly writer: number;
  readonly writers: number;
  readonly settings: Settings;
  readonly control: ControlState;
  readonly rateSeed: HashSeed;
  readonly isWatched: boolean;
};

/**
 * To a worker. `start` comes once, first; `seal` asks for its file to be sealed and is answered under the same number; `watch` asks for every stored event instead of the newest only; `forget` names a file of event ids, and is answered as `seal` is. `drain`: take
 * nothing more from clients, but go on storing for other workers, which drain too; then `close`.
 */
export type ToWorker =
  | { readonly kind: "start"; readonly start: WorkerStart }
  | { readonly kind: "control"; readonly control: ControlState }
  | { readonly kind: "used"; readonly used: Increments }
  | { readonly kind: "watch"; readonly isWatched: boolean }
  | { readonly kind: "forget"; readonly request: number; readonly idsFile: string }
  | { readonly kind: "seal"; readonly request: number }
  | { readonly kind: "drain" }
  | { readonly kind: "close" };

/** What a worker has to tell a few times a second. */
export type WorkerNews = {
  /** Stored events since the last news, oldest first; only the newest where nobody watches. */
  readonly events: readonly AcceptedEvent[];
  /** What clients used of their rate. */
  readonly used: Increments;
};

/** What a worker says of itself, about once a second. */
export type WorkerState = {
  readonly status: LogStatus;
  readonly numbers: readonly MetricNumbers[];
  readonly warnings: readonly string[];
  /** What has arrived since its start, by site. */
  readonly arrivals: Readonly<Record<string, Arrivals>>;
};

/** From a worker. */
export type FromWorker =
  | { readonly kind: "listening"; readonly state: WorkerState }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "news"; readonly news: WorkerNews }
  | { readonly kind: "state"; readonly state: WorkerState }
  | {
      readonly kind: "sealed";
      readonly request: number;
      /** Names of shards, none where the file was empty; undefined when sealing failed, and `message` says why. */
      readonly shards: readonly string[] | undefined;
      readonly message: string;
    }
  | {
      readonly kind: "forgotten";
      readonly request: number;
      /** How many ids were there; undefined when it failed, and `message` says why. */
      readonly ids: number | undefined;
      readonly message: string;
    }
  | { readonly kind: "drained" };
