/** What arrived in the range and what became of it: one quiet line while all was stored, else why not and what to do. */
import type { JSX } from "preact";
import type { SiteLedger } from "../api-client.ts";
import { Icon } from "../controls/icons.tsx";
import {
  asksForAttention,
  hasMoreToTell,
  listLedgerWarnings,
  nameOrigins,
  sumUpLedger,
} from "../format/ledger-text.ts";
import { toSentence } from "../format/sentence.ts";
import { askArrived, type Scope } from "../state/questions.ts";
import { chooseBucket } from "../state/range-presets.ts";
import { useLedger } from "../state/use-answer.ts";
import { useArrivals } from "../state/use-arrivals.ts";
import { useTicker } from "../state/use-ticker.ts";
import { OutcomeTable } from "./outcome-table.tsx";

/** A month of the ledger is up to 43,200 rows a site, all of which the server reads anew each time. */
const LONG_RANGE_REFRESH_MS = 300_000;

type ArrivedCardProps = { readonly scope: Scope; readonly refresh: number };

export function ArrivedCard({ scope, refresh }: ArrivedCardProps): JSX.Element {
  const isShort = chooseBucket(scope.range, scope.here) === "hour";
  const seldom = useTicker(LONG_RANGE_REFRESH_MS, !isShort);
  const { answer, isStale, error, retry } = useLedger(askArrived(scope), isShort ? refresh : seldom);
  return (
    <section class={isStale ? "arrived stale" : "arrived"} aria-label="What arrived" aria-busy={isStale}>
      {answer === null && error === null && <p class="skeleton arrived-skeleton" />}
      {answer === null && error !== null && (
        <p class="arrived-line">
          What arrived could not be read. {toSentence(error.message)}{" "}
          <button type="button" class="link" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      {answer !== null && !hasMoreToTell(answer) && <p class="arrived-line">{sumUpLedger(answer)}.</p>}
      {answer !== null && hasMoreToTell(answer) && <Outcomes ledger={answer} scope={scope} refresh={refresh} />}
      <ul class="warnings">
        {answer !== null && listLedgerWarnings(answer).map((warning) => <li key={warning}>{toSentence(warning)}</li>)}
      </ul>
    </section>
  );
}

type OutcomesProps = ArrivedCardProps & { readonly ledger: SiteLedger };

/** Open from the start where events were refused; whoever opens or closes it finds it so until that changes. */
function Outcomes({ ledger, scope, refresh }: OutcomesProps): JSX.Element {
  const { own, unknown } = ledger;
  const origins = nameOrigins(useRefusedOrigins(ledger, scope.site, refresh));
  return (
    <details class="card arrived-card" open={asksForAttention(ledger)}>
      <summary>
        <Icon name="chevron" />
        <h2>What arrived</h2>
        <span>{sumUpLedger(ledger)}</span>
      </summary>
      <div class="outcome-tables">
        <OutcomeTable caption="Events of this site" totals={own.totals} />
        {unknown !== null && <OutcomeTable caption="Events that no site can be told of" totals={unknown.totals} />}
      </div>
      {origins !== "" && <p class="quiet">{origins}</p>}
      <p class="quiet">
        Each event counts when it came, whatever time it bears
        {scope.filters.length > 0 && "; filters do not matter here"}.
      </p>
    </details>
  );
}

/** The ledger counts refused origins without their names; those since the start of the server have one. */
function useRefusedOrigins({ own, unknown }: SiteLedger, site: string, refresh: number): readonly string[] {
  const isWanted = [own, unknown].some((report) => (report?.totals.refused["origin_not_allowed"] ?? 0) > 0);
  const arrivals = useArrivals(site, refresh, isWanted);
  const notes = arrivals === null || arrivals === "unknown" ? [] : arrivals.notes;
  return notes.flatMap(({ reason, subject }) => (reason === "origin_not_allowed" && subject !== null ? subject : []));
}
