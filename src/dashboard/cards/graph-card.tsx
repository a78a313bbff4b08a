/** One figure over time: the graph, what is pointed at, and the same figures as a table. */
import type { JSX } from "preact";
import { useCallback, useMemo, useState } from "preact/hooks";
import { Icon } from "../controls/icons.tsx";
import { Trouble } from "../controls/trouble.tsx";
import { formatBucket, formatTick, timestampInZone } from "../format/calendar.ts";
import { formatFigure, formatShort, METRIC_NAMES } from "../format/figure-text.ts";
import { askGraph, type Scope } from "../state/questions.ts";
import { useAnswer } from "../state/use-answer.ts";
import type { GraphMetric } from "../state/view.ts";
import { type GraphPoint, readBucket, type ShownGraph, toGraphPoints, toPlotColumns } from "./graph-points.ts";
import { GraphTable } from "./graph-table.tsx";
import { GraphTooltip } from "./graph-tooltip.tsx";
import { LineChart, type Pointed } from "./line-chart.tsx";

type GraphCardProps = {
  readonly scope: Scope;
  readonly metric: GraphMetric;
  readonly isDark: boolean;
  readonly refresh: number;
};

export function GraphCard({ scope, metric, isDark, refresh }: GraphCardProps): JSX.Element {
  const { answer, isStale, error, retry } = useAnswer(askGraph(scope, metric), refresh);
  const [isTable, setIsTable] = useState(false);
  // What is drawn belongs to the answer, which may still be that of the question before.
  const shown = useShownGraph(answer, scope);
  const name = shown === null ? METRIC_NAMES[metric] : `${METRIC_NAMES[shown.metric]} per ${shown.bucket}`;
  return (
    <section class="graph" aria-label={name} aria-busy={isStale}>
      <header class="graph-head">
        <h2>{name}</h2>
        <ul class="legend" aria-hidden="true">
          {shown?.points.some((point) => point.isIncomplete) && <li class="legend-incomplete">Still counting</li>}
          {shown?.points.some((point) => point.previous !== null) && <li class="legend-previous">Period before</li>}
        </ul>
        <button
          type="button"
          class="button-quiet"
          aria-pressed={isTable}
          disabled={shown === null}
          onClick={() => setIsTable(!isTable)}
        >
          <Icon name="table" />
          <span>Table</span>
        </button>
      </header>
      <div class={isStale && shown !== null ? "graph-body stale" : "graph-body"}>
        {error !== null && shown === null && <Trouble error={error} onRetry={retry} />}
        {error === null && shown === null && <div class="skeleton graph-skeleton" />}
        {shown !== null && isTable && <GraphTable {...shown} />}
        {shown !== null && !isTable && <Graph {...shown} isDark={isDark} />}
      </div>
    </section>
  );
}

function useShownGraph(answer: ReturnType<typeof useAnswer>["answer"], scope: Scope): ShownGraph | null {
  const { timezone } = scope.here;
  return useMemo(() => {
    if (answer === null) return null;
    const nowMs = Date.now();
    const points = toGraphPoints(answer, { nowMs, nowLabel: timestampInZone(nowMs, timezone) });
    return { points, bucket: readBucket(answer), metric: (answer.query.metrics[0] ?? "visitors") as GraphMetric };
  }, [answer, timezone]);
}

function Graph({ points, metric, bucket, isDark }: ShownGraph & { readonly isDark: boolean }): JSX.Element {
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const columns = useMemo(() => toPlotColumns(points), [points]);
  const formatX = useCallback((index: number) => formatTick(points[index]?.label ?? "", bucket), [points, bucket]);
  const formatY = useCallback((value: number) => formatShort(metric, value), [metric]);
  const isWhole = metric === "visitors" || metric === "visits" || metric === "pageviews";
  const point = pointed === null ? undefined : points[pointed.index];
  return (
    <div class="graph-plot" role="img" aria-label={describe(points, metric, bucket)}>
      <LineChart
        columns={columns}
        formatX={formatX}
        formatY={formatY}
        isWhole={isWhole}
        isDark={isDark}
        onPoint={setPointed}
      />
      {point !== undefined && pointed !== null && (
        <GraphTooltip point={point} left={pointed.left} metric={metric} bucket={bucket} />
      )}
    </div>
  );
}

function describe(points: readonly GraphPoint[], metric: GraphMetric, bucket: ShownGraph["bucket"]): string {
  const known = points.filter((point) => point.value !== null);
  const best = known.toSorted((one, other) => (other.value ?? 0) - (one.value ?? 0))[0];
  if (best === undefined) return `${METRIC_NAMES[metric]} per ${bucket}: nothing in this range.`;
  const highest = `${formatFigure(metric, best.value)} (${formatBucket(best.label, bucket)})`;
  return `${METRIC_NAMES[metric]} per ${bucket}, highest ${highest}. The button Table shows every figure.`;
}
