/** The figures of the graph as a table, for whoever reads better than they look. */
import type { JSX } from "preact";
import { formatBucket } from "../format/calendar.ts";
import { formatFigure, METRIC_NAMES } from "../format/figure-text.ts";
import type { ShownGraph } from "./graph-points.ts";

export function GraphTable({ points, metric, bucket }: ShownGraph): JSX.Element {
  const begun = points.filter((point) => !point.isAhead);
  const hasPrevious = begun.some((point) => point.previous !== null);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <div class="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{bucket === "hour" ? "Hour" : "Date"}</th>
            <th scope="col">{METRIC_NAMES[metric]}</th>
            {hasPrevious && <th scope="col">Period before</th>}
          </tr>
        </thead>
        <tbody>
          {begun.map((point) => (
            <tr key={point.label}>
              <th scope="row">
                {formatBucket(point.label, bucket)}
                {point.isIncomplete && <span class="quiet"> (still counting)</span>}
              </th>
              <td>{formatFigure(metric, point.value)}</td>
              {hasPrevious && <td>{formatFigure(metric, point.previous)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
