/** What became of events as a table: what, how many, and in plain words what it means and what to do. */
import type { JSX } from "preact";
import type { LedgerTotals } from "../api-client.ts";
import { formatCount, listOutcomes, type Outcome } from "../format/ledger-text.ts";

type OutcomeTableProps = { readonly caption: string; readonly totals: LedgerTotals };

/** Shows nothing where nothing is to be counted. */
export function OutcomeTable({ caption, totals }: OutcomeTableProps): JSX.Element | null {
  const outcomes = listOutcomes(totals);
  if (outcomes.length === 0) return null;
  return (
    <table class="outcomes">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="spoken">What became of them</span>
          </th>
          <th scope="col">
            <span class="spoken">Events</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {outcomes.map((outcome) => (
          <OutcomeRow key={`${outcome.name} ${outcome.reason}`} outcome={outcome} />
        ))}
      </tbody>
    </table>
  );
}

function OutcomeRow({ outcome }: { readonly outcome: Outcome }): JSX.Element {
  const { name, reason, meaning, count } = outcome;
  return (
    <tr>
      <th scope="row">
        <span>{name}</span>
        {reason !== null && <code>{reason}</code>}
        {meaning !== "" && <p class="quiet">{meaning}</p>}
      </th>
      <td>{formatCount(count)}</td>
    </tr>
  );
}
