/** Asks what has arrived for a site since the server started. */
import { useEffect, useState } from "preact/hooks";
import type { Arrivals } from "../api-client.ts";
import { useSession } from "./session.ts";

/** Returns null until an answer came, and `unknown` while the server gives none. Nothing is asked unless it is wanted. */
export function useArrivals(site: string, refresh: number, isWanted = true): Arrivals | "unknown" | null {
  const { api } = useSession();
  const [arrivals, setArrivals] = useState<Arrivals | "unknown" | null>(null);
  // `refresh` asks the same again
  useEffect(() => {
    if (!isWanted) return;
    let isCurrent = true;
    api.readArrivals(site).then(
      (read) => isCurrent && setArrivals(read),
      () => isCurrent && setArrivals("unknown"),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, site, refresh, isWanted]);
  return arrivals;
}
