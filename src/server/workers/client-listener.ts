/** Listens on the address that all workers share: takes what is a worker's, and passes the rest on to the main process. */
import { resolve } from "node:path";
import { openKeys } from "../access/keys.ts";
import { createFrontDoor } from "../ingest/front-door.ts";
import { answerBrokenRequest, createHttpServer } from "../ingest/http-server.ts";
import type { Intake } from "../intake.ts";
import { describeListenError } from "../listen.ts";
import type { Starting } from "../starting.ts";
import { createPassOn } from "./pass-on.ts";

/** What is not answered by then is cut off: a client that never reads must not keep the server from stopping. */
const DRAIN_MS = 5_000;

/**
 * On Linux each worker listens by itself and the kernel shares connections out (SO_REUSEPORT, socket(7)). Elsewhere cluster's
 * main process accepts them and hands them over; those under way to a worker that is killed then hang until the client
 * gives up.
 */
const HAS_KERNEL_SHARING = process.platform === "linux";

type ListenParts = { readonly options: Starting; readonly intake: Intake; readonly writers: number };

/**
 * Listens; returns what answers all requests under way and then closes, and may be called again. Throws `port_in_use`.
 */
export async function listenForClients({ options, intake, writers }: ListenParts): Promise<() => Promise<void>> {
  const { settings, clock, serverLog } = options;
  const { host, port, maxConnections } = settings;
  const dataDir = resolve(settings.dataDir);
  const passOn = createPassOn(dataDir);
  let isClosing = false;
  const takes = createFrontDoor({
    ...options,
    ...intake,
    keys: openKeys(dataDir, clock),
    isClosing: () => isClosing,
    onError: (error) => serverLog.error("internal error", error),
  });
  const server = createHttpServer(Math.ceil(maxConnections / writers), (request, response) => {
    if (!takes(request, response)) passOn.pass(request, response);
  });
  // Where the main process hands connections out, one that is too many would go from worker to worker without end.
  Object.assign(server, { dropMaxConnection: true });
  server.on("clientError", answerBrokenRequest);
  await new Promise<void>((done, fail) => {
    server.once("error", (cause) => fail(describeListenError(cause, { host, port })));
    server.listen({ host, port, reusePort: HAS_KERNEL_SHARING }, done);
  });
  let draining: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    isClosing = true;
    const closed = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
    passOn.close();
  };
  return () => {
    draining ??= drain();
    return draining;
  };
}
