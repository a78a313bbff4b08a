/** What every part of the page may ask for: the client of the server, and the zone and clock of the person reading. */
import { type Context, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ApiClient } from "../api-client.ts";

export type Session = {
  readonly api: ApiClient;
  /** IANA name of the zone that ranges and buckets are read in. */
  readonly timezone: string;
};

/** Set once, by the app. */
export const SessionContext: Context<Session | null> = createContext<Session | null>(null);

/** Returns the session; throws where a component stands outside the app. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("a component that needs the session stands outside the app");
  return session;
}

/** Returns the zone of this browser, or UTC where it names none. */
export function readTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
}
