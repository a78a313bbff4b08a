/** The rows of a list: bar, name, figures. A row is a button that filters the page by it. */
import type { JSX } from "preact";
import type { Answer, AnswerRow, Filter, Metric } from "../../report.ts";
import { formatFigure, formatMargin, formatShare, formatShort, METRIC_NAMES } from "../format/figure-text.ts";
import type { Breakdown } from "../state/questions.ts";
import { isSameFilter, labelOf } from "../state/view.ts";

type BreakdownRowsProps = {
  readonly answer: Answer;
  readonly breakdown: Breakdown;
  readonly filters: readonly Filter[];
  /** Visitors of the whole range, for shares; null until known. */
  readonly allVisitors: number | null;
  readonly onFilter: (filter: Filter) => void;
};

export function BreakdownRows({ answer, breakdown, filters, allVisitors, onFilter }: BreakdownRowsProps): JSX.Element {
  const largest = Math.max(0, ...answer.results.map((row) => row.metrics[0] ?? 0));
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">{labelOf(breakdown.dimension)}</th>
          {breakdown.metrics.map((metric) => (
            <th scope="col" key={metric}>
              {METRIC_NAMES[metric]}
            </th>
          ))}
          {breakdown.metrics.length === 1 && <th scope="col">Share</th>}
        </tr>
      </thead>
      <tbody>
        {answer.results.map((row) => {
          const filter: Filter = ["is", breakdown.dimension, [row.dimensions[0] ?? ""]];
          return (
            <Row
              key={row.dimensions[0]}
              row={row}
              breakdown={breakdown}
              share={formatShare(row.metrics[0] ?? null, allVisitors)}
              width={largest === 0 ? 0 : (row.metrics[0] ?? 0) / largest}
              isFiltered={filters.some((each) => isSameFilter(each, filter))}
              onFilter={() => onFilter(filter)}
            />
          );
        })}
      </tbody>
    </table>
  );
}

type RowProps = {
  readonly row: AnswerRow;
  readonly breakdown: Breakdown;
  readonly share: string;
  /** Length of the bar, 0 to 1. */
  readonly width: number;
  readonly isFiltered: boolean;
  readonly onFilter: () => void;
};

function Row({ row, breakdown, share, width, isFiltered, onFilter }: RowProps): JSX.Element {
  const name = row.dimensions[0] ?? "";
  const ofAll = share === "" ? "" : `(${share} of all visitors)`;
  return (
    <tr class="row">
      <th scope="row">
        <span class="bar" style={{ width: `${width * 100}%` }} aria-hidden="true" />
        <button type="button" aria-pressed={isFiltered} onClick={onFilter} title={name}>
          {name}
        </button>
      </th>
      {breakdown.metrics.map((metric, index) => (
        <td
          key={metric}
          class={index === 0 ? "" : "quiet"}
          title={`${explain(row, metric, index)} ${index === 0 ? ofAll : ""}`.trim()}
        >
          {formatShort(metric, row.metrics[index] ?? null)}
        </td>
      ))}
      {breakdown.metrics.length === 1 && <td class="quiet">{share}</td>}
    </tr>
  );
}

/** The figure in full, with its interval where it is an estimate. */
function explain(row: AnswerRow, metric: Metric, index: number): string {
  const figure = formatFigure(metric, row.metrics[index] ?? null);
  return `${figure} ${formatMargin(metric, row.intervals?.[index])}`.trim();
}
