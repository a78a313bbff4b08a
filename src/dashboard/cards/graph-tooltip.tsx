/** What the pointer is on: the figure, its interval, and the period before. */
import type { JSX } from "preact";
import { type Bucket, formatBucket } from "../format/calendar.ts";
import { formatFigure, formatMargin, METRIC_NAMES } from "../format/figure-text.ts";
import type { GraphMetric } from "../state/view.ts";
import type { GraphPoint } from "./graph-points.ts";

type GraphTooltipProps = {
  readonly point: GraphPoint;
  /** Distance of the point from the left edge of the plot, in CSS pixels. */
  readonly left: number;
  readonly metric: GraphMetric;
  readonly bucket: Bucket;
};

/** From here on the tooltip stands to the left of its point, so that it never leaves the card. */
const FLIP_AT = 220;

export function GraphTooltip({ point, left, metric, bucket }: GraphTooltipProps): JSX.Element {
  const interval = point.low === null || point.high === null ? null : ([point.low, point.high] as const);
  return (
    <div class={left > FLIP_AT ? "tooltip tooltip-left" : "tooltip"} style={{ left: `${left}px` }} aria-hidden="true">
      <p class="tooltip-name">{METRIC_NAMES[metric]}</p>
      {!point.isAhead && (
        <p class="tooltip-row">
          <span>
            {formatBucket(point.label, bucket)}
            {point.isIncomplete && ", so far"}
          </span>
          <b>
            {formatFigure(metric, point.value)} <small>{formatMargin(metric, interval)}</small>
          </b>
        </p>
      )}
      {point.previous !== null && (
        <p class="tooltip-row quiet">
          <span>{formatBucket(point.previousLabel ?? point.label, bucket)}</span>
          <span>{formatFigure(metric, point.previous)}</span>
        </p>
      )}
    </div>
  );
}
