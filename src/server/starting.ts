/** What a server is started with, and what its parts are started with besides. */
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { StreamLimits } from "../live/event-stream.ts";
import type { RequestMeter } from "./health/request-meter.ts";
import type { ServerLog } from "./health/server-log.ts";

export type ServerOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  /** Folder of the build (dashboard and tracker). */
  readonly distDir: string;
  /** Limits of the live stream that are to be others than STREAM_LIMITS. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** The server's own log. */
  readonly serverLog: ServerLog;
};

/** What the parts of a server are started with. */
export type Starting = ServerOptions & {
  readonly meter: RequestMeter;
  /** Called with one line about something an operator should know. */
  readonly onWarning: (message: string) => void;
};
