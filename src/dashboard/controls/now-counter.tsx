/** How many visitors were active in the last five minutes; asks again every ten seconds, and rests while unseen. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countOf } from "../format/figure-text.ts";
import { useSession } from "../state/session.ts";
import { useTicker } from "../state/use-ticker.ts";

const REFRESH_MS = 10_000;

export function NowCounter({ site }: { readonly site: string }): JSX.Element {
  const { api } = useSession();
  const ticks = useTicker(REFRESH_MS);
  const [visitors, setVisitors] = useState<number | null>(null);

  // Each tick asks the same again
  useEffect(() => {
    let isWanted = true;
    api.countVisitorsNow(site).then(
      (count) => isWanted && setVisitors(count),
      // The figures below say what is wrong and offer a retry; here an unknown number is shown as unknown.
      () => isWanted && setVisitors(null),
    );
    return () => {
      isWanted = false;
    };
  }, [api, site, ticks]);

  return (
    <p class={visitors === null || visitors === 0 ? "now now-quiet" : "now"} title="Active in the last 5 minutes">
      <span class="now-dot" aria-hidden="true" />
      {visitors === null ? "– now" : <span>{countOf(visitors, "visitor")} now</span>}
    </p>
  );
}
