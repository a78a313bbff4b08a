/** Says above everything else that the server cannot store events, and folded into a line what it warns about; else nothing. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { HealthAnswer } from "../api-client.ts";
import { countOf } from "../format/figure-text.ts";
import { toSentence } from "../format/sentence.ts";
import { useSession } from "../state/session.ts";
import { useTicker } from "../state/use-ticker.ts";

/** The server looks at its disk every ten seconds; a person need not know as soon. */
const REFRESH_MS = 30_000;

export function HealthNotice(): JSX.Element | null {
  const health = useHealth();
  if (health === null) return null;
  const { reasons = [], warnings } = health;
  return (
    <>
      {reasons.length > 0 && (
        <p class="notice notice-grave" role="alert">
          <strong>Events cannot be stored now.</strong> {reasons.map(toSentence).join(" ")}
        </p>
      )}
      {warnings.length > 0 && (
        <details class="notice">
          <summary>{countOf(warnings.length, "warning")} of the server</summary>
          <ul class="warnings" aria-label="Warnings of the server">
            {warnings.map((warning) => (
              <li key={warning}>{toSentence(warning)}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Keeps the last answer: that the server does not answer is told by what cannot be shown for it. */
function useHealth(): HealthAnswer | null {
  const { api } = useSession();
  const [health, setHealth] = useState<HealthAnswer | null>(null);
  const ticks = useTicker(REFRESH_MS);
  // `ticks` asks the same again
  useEffect(() => {
    let isCurrent = true;
    api.readHealth().then(
      (read) => isCurrent && setHealth(read),
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [api, ticks]);
  return health;
}
