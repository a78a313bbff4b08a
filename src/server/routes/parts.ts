/** What the routes lean on; assembled once in run.ts. */
import type { Clock } from "../../clock.ts";
import type { PageFacts } from "../../collector/asking-page.ts";
import type { LedgerReader } from "../../collector/ledger/open-ledger.ts";
import type { Settings } from "../../config.ts";
import type { EventStream } from "../../live/event-stream.ts";
import type { Ring } from "../../live/ring.ts";
import type { Log } from "../../log/log.ts";
import type { Store } from "../../store/store.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { KeyRing } from "../access/keys.ts";
import type { RequestLimits } from "../access/request-limits.ts";
import type { SignIn } from "../access/sign-in-sessions.ts";
import type { Health } from "../health/health.ts";
import type { RequestMeter } from "../health/request-meter.ts";
import type { ServerLog } from "../health/server-log.ts";

export type ServerParts = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Pick<Log, "status">;
  readonly ring: Ring;
  readonly stream: EventStream;
  readonly store: Store;
  readonly collector: PageFacts;
  readonly ledger: LedgerReader;
  readonly addresses: AddressReader;
  readonly limits: RequestLimits;
  readonly keys: KeyRing;
  readonly signIn: SignIn;
  /** Folder of the build: `dashboard/` and `tracker/` are served from it. */
  readonly distDir: string;
  /** Called with an error that nobody was told the cause of. */
  readonly onError: (error: Error) => void;
  readonly health: Health;
  readonly meter: RequestMeter;
  readonly serverLog: ServerLog;
};
