/** A list in each of its states: on its way, failed, holding nothing, or rows. */
import type { JSX } from "preact";
import { Trouble } from "../controls/trouble.tsx";
import type { Breakdown } from "../state/questions.ts";
import type { AnswerState } from "../state/use-answer.ts";
import { BreakdownRows } from "./breakdown-rows.tsx";
import type { BreakdownContext } from "./breakdowns.ts";

type BreakdownListProps = {
  readonly rows: AnswerState;
  readonly breakdown: Breakdown;
  readonly noun: string;
  readonly context: BreakdownContext;
};

export function BreakdownList({ rows, breakdown, noun, context }: BreakdownListProps): JSX.Element {
  if (rows.error !== null && rows.answer === null) return <Trouble error={rows.error} onRetry={rows.retry} />;
  if (rows.answer === null) return <div class="skeleton rows-skeleton" aria-busy="true" />;
  const { filters } = context.scope;
  if (rows.answer.results.length === 0) {
    return <p class="blank">{filters.length > 0 ? `No ${noun} match the filters.` : `No ${noun} in this range.`}</p>;
  }
  return (
    <div class={rows.isStale ? "stale" : ""} aria-busy={rows.isStale}>
      <BreakdownRows
        answer={rows.answer}
        breakdown={breakdown}
        filters={filters}
        allVisitors={context.allVisitors}
        onFilter={context.onFilter}
      />
    </div>
  );
}
