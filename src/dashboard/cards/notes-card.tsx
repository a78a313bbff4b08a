/** What the figures leave out and how they are to be read: robots, sampling, warnings, the zone. */
import type { JSX } from "preact";
import type { Answer, Filter } from "../../report.ts";
import { countOf, METRIC_NAMES } from "../format/figure-text.ts";

type NotesCardProps = {
  readonly answer: Answer | null;
  readonly onFilter: (filter: Filter) => void;
};

const ROBOTS: Filter = ["is", "visit:is_bot", ["true"]];

export function NotesCard({ answer, onFilter }: NotesCardProps): JSX.Element {
  const warnings = answer === null ? [] : groupWarnings(answer);
  const robots = answer?.meta.bots_excluded ?? 0;
  return (
    <ul class="notes">
      {robots > 0 && (
        <li>
          {countOf(robots, "event")} of robots {robots === 1 ? "is" : "are"} left out.{" "}
          <button type="button" class="link" onClick={() => onFilter(ROBOTS)}>
            Show them
          </button>
        </li>
      )}
      {answer?.meta.sampled && <li>Not every visitor was kept: figures are estimates, ± gives the 95 % interval.</li>}
      {warnings.map(([warning, names]) => (
        <li key={warning}>{warning.startsWith(names.join()) ? warning : `${names.join(", ")}: ${warning}`}</li>
      ))}
    </ul>
  );
}

/** Figures that carry the same warning are named together. */
function groupWarnings({ meta, query }: Answer): readonly (readonly [warning: string, names: readonly string[]])[] {
  const names = new Map<string, string[]>();
  for (const metric of query.metrics) {
    const warning = meta.metric_warnings?.[metric]?.warning;
    if (warning !== undefined) names.set(warning, [...(names.get(warning) ?? []), METRIC_NAMES[metric]]);
  }
  return [...names];
}
