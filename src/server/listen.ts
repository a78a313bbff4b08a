/** Opens the listeners, and says in one line why one cannot be opened. */
import type { FastifyInstance } from "fastify";
import { PasserbyError, systemErrorCode } from "../errors.ts";
import type { ListenAddress } from "../settings-shape.ts";
import type { Closers } from "./closers.ts";
import { openAdminListener } from "./health/admin-listener.ts";

/** Listens on a host and port; returns the URL. Throws `port_in_use`. */
export async function listen(app: FastifyInstance, { host, port }: ListenAddress): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    throw describeListenError(cause, { host, port });
  }
}

/** Returns the error to tell for one that a listener met: `port_in_use` for what another address would mend. */
export function describeListenError(cause: unknown, { host, port }: ListenAddress): unknown {
  const code = systemErrorCode(cause);
  if (code === "EADDRINUSE") {
    const message = `port ${port} is in use: stop what listens there, or give another port (--port, PORT)`;
    return new PasserbyError("port_in_use", message, { cause });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    const message = `cannot listen on ${host}:${port}: give another --host or --port`;
    return new PasserbyError("port_in_use", message, { cause });
  }
  return cause;
}

export type AdminParts = {
  /** Null where the admin listener is off. */
  readonly address: ListenAddress | null;
  readonly readMetrics: () => Promise<string>;
  readonly onError: (error: Error) => void;
};

/** Opens the admin listener where one is wanted; returns its URL, or null. Throws `port_in_use`. */
export async function listenForAdmin({ address, ...parts }: AdminParts, closers: Closers): Promise<string | null> {
  if (address === null) return null;
  const admin = await openAdminListener({ ...parts, address });
  closers.add(admin.close);
  return admin.url;
}
