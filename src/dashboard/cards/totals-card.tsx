/** The totals: six figures with their change against the period before; a click graphs one. */
import type { JSX } from "preact";
import type { AnswerRow } from "../../report.ts";
import { describeChange, formatFigure, formatMargin, formatShort, METRIC_NAMES } from "../format/figure-text.ts";
import { TOTALS } from "../state/questions.ts";
import type { AnswerState } from "../state/use-answer.ts";
import type { GraphMetric } from "../state/view.ts";

type TotalsCardProps = {
  readonly totals: AnswerState;
  readonly graph: GraphMetric;
  readonly onGraph: (metric: GraphMetric) => void;
};

export function TotalsCard({ totals, graph, onGraph }: TotalsCardProps): JSX.Element {
  const { answer, isStale } = totals;
  return (
    <section class={isStale ? "totals stale" : "totals"} aria-label="Totals" aria-busy={isStale || answer === null}>
      {TOTALS.map((metric, index) => (
        <Total
          key={metric}
          metric={metric}
          index={index}
          row={answer?.results[0]}
          isLoading={answer === null}
          isGraphed={metric === graph}
          onGraph={() => onGraph(metric)}
        />
      ))}
    </section>
  );
}

type TotalProps = {
  readonly metric: GraphMetric;
  /** Where the figure stands in the row. */
  readonly index: number;
  readonly row: AnswerRow | undefined;
  readonly isLoading: boolean;
  readonly isGraphed: boolean;
  readonly onGraph: () => void;
};

function Total({ metric, index, row, isLoading, isGraphed, onGraph }: TotalProps): JSX.Element {
  const value = row?.metrics[index] ?? null;
  const margin = formatMargin(metric, row?.intervals?.[index]);
  return (
    <button type="button" class="total" aria-pressed={isGraphed} onClick={onGraph} title="Show in the graph">
      <span class="total-name">{METRIC_NAMES[metric]}</span>
      {isLoading ? (
        <span class="skeleton total-skeleton" />
      ) : (
        <span class="total-figure" data-metric={metric} title={formatFigure(metric, value)}>
          {formatShort(metric, value)}
          {margin !== "" && <small title="95 % interval"> {margin}</small>}
        </span>
      )}
      <ChangeNote metric={metric} index={index} row={row} />
    </button>
  );
}

function ChangeNote({ metric, index, row }: Pick<TotalProps, "metric" | "index" | "row">): JSX.Element {
  // Against nothing at all, every change would be the same 100 %.
  const hadVisitors = (row?.comparison?.metrics[TOTALS.indexOf("visitors")] ?? 0) > 0;
  const change = hadVisitors ? describeChange(metric, row?.comparison?.change[index]) : null;
  if (change === null) return <span class="change" />;
  const before = formatFigure(metric, row?.comparison?.metrics[index] ?? null);
  return (
    <span class={`change change-${change.tone}`} title={`Period before: ${before}`}>
      <span aria-hidden="true">{change.text}</span>
      <span class="spoken">
        {change.spoken} from {before}
      </span>
    </span>
  );
}
