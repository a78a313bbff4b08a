/** Above the figures: what range they are of and in which zone, the range and filter controls, and the keys for both. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../../report.ts";
import { dateInZone, formatSpan } from "../format/calendar.ts";
import type { Scope } from "../state/questions.ts";
import { shiftRange } from "../state/range-presets.ts";
import type { Command } from "../state/shortcuts.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import type { Navigate } from "../state/use-view.ts";
import { toggleFilter } from "../state/view.ts";
import { DatePicker } from "./date-picker.tsx";
import { FilterForm } from "./filter-form.tsx";

type RangeBarProps = {
  readonly scope: Scope;
  /** The answer whose range is named; null until there is one. */
  readonly answer: Answer | null;
  readonly navigate: Navigate;
  readonly onKeys: () => void;
};

export function RangeBar({ scope, answer, navigate, onKeys }: RangeBarProps): JSX.Element {
  const [popup, setPopup] = useState<"presets" | "dates" | "filter" | null>(null);
  const shift = (direction: -1 | 1): void => {
    const range = shiftRange(scope.range, direction, scope.here);
    if (range !== null) navigate({ range });
  };
  const clearFilters = (): void => {
    if (scope.filters.length > 0) navigate({ filters: [] });
  };
  useShortcuts((command: Command): void => {
    if (command.do === "range") navigate({ range: command.preset });
    else if (command.do === "shift") shift(command.direction);
    else if (command.do === "clear-filters") clearFilters();
    else if (command.do === "custom-range") setPopup("dates");
    else if (command.do === "add-filter") setPopup("filter");
    else onKeys();
  });
  return (
    <div class="range-bar">
      <p class="range-label">
        <RangeLabel answer={answer} />
        <span class="zone">{scope.here.timezone.replaceAll("_", " ")}</span>
        {answer?.meta.sampled && (
          <span class="badge" title="Not every visitor was kept: figures are estimates with 95 % intervals">
            Sampled
          </span>
        )}
      </p>
      <div class="range-controls">
        <FilterForm
          isOpen={popup === "filter"}
          onToggle={(isOpen) => setPopup(isOpen ? "filter" : null)}
          onAdd={(filter) => navigate({ filters: toggleFilter(scope.filters, filter) })}
        />
        <DatePicker
          range={scope.range}
          open={popup === "filter" ? null : popup}
          onToggle={(isOpen) => setPopup(isOpen ? "presets" : null)}
          onChoose={(range) => navigate({ range })}
        />
      </div>
    </div>
  );
}

function RangeLabel({ answer }: Pick<RangeBarProps, "answer">): JSX.Element {
  if (answer === null) return <span class="skeleton label-skeleton" />;
  const { timezone, date_range: range } = answer.query;
  // The end is the first moment after the range or its last second, by range; a second earlier is inside it either way.
  const dates = [Date.parse(range[0]), Date.parse(range[1]) - 1_000].map((time) => dateInZone(time, timezone));
  return <span class="range-dates">{formatSpan(dates[0] ?? "", dates[1] ?? "")}</span>;
}
