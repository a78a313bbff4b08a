/** The figures of a site: range and filters, totals, graph, lists, and how to read them. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Filter } from "../../report.ts";
import { BreakdownCard } from "../cards/breakdown-card.tsx";
import { BREAKDOWNS } from "../cards/breakdowns.ts";
import { GraphCard } from "../cards/graph-card.tsx";
import { NotesCard } from "../cards/notes-card.tsx";
import { TotalsCard } from "../cards/totals-card.tsx";
import { BlankRange } from "../controls/blank-range.tsx";
import { FilterPills } from "../controls/filter-pills.tsx";
import { RangeBar } from "../controls/range-bar.tsx";
import { Trouble } from "../controls/trouble.tsx";
import { askTotals, type Scope } from "../state/questions.ts";
import type { PresetId } from "../state/range-presets.ts";
import { rangeHoldsToday } from "../state/range-presets.ts";
import { useSession } from "../state/session.ts";
import type { Theme } from "../state/theme.ts";
import { useAnswer } from "../state/use-answer.ts";
import { useDark } from "../state/use-dark.ts";
import { useTicker } from "../state/use-ticker.ts";
import type { Navigate } from "../state/use-view.ts";
import { toggleFilter, type View } from "../state/view.ts";

/** A range that holds today is asked again at this interval while the page is seen. */
const REFRESH_MS = 30_000;

type FiguresPageProps = {
  readonly site: string;
  readonly view: View;
  readonly navigate: Navigate;
  readonly theme: Theme;
  /** The range shown until somebody chooses one. */
  readonly firstRange: PresetId;
  readonly onKeys: () => void;
};

export function FiguresPage({ site, view, navigate, theme, firstRange, onKeys }: FiguresPageProps): JSX.Element {
  const { timezone } = useSession();
  const isDark = useDark(theme);
  const scope: Scope = {
    site,
    range: view.range ?? firstRange,
    filters: view.filters,
    here: { timezone, nowMs: Date.now() },
  };
  const [attempts, setAttempts] = useState(0);
  const refresh = attempts + useTicker(REFRESH_MS, rangeHoldsToday(scope.range, scope.here));
  const totals = useAnswer(askTotals(scope), refresh);
  const onFilter = (filter: Filter): void => navigate({ filters: toggleFilter(view.filters, filter) });
  const allVisitors = totals.isStale ? null : (totals.answer?.results[0]?.metrics[0] ?? null);
  const isBlank = !totals.isStale && totals.answer !== null && (totals.answer.results[0]?.metrics[2] ?? 0) === 0;

  return (
    <>
      <RangeBar scope={scope} answer={totals.answer} navigate={navigate} onKeys={onKeys} />
      <FilterPills filters={view.filters} onChange={(filters) => navigate({ filters })} />
      {totals.error !== null && totals.answer !== null && (
        <Trouble error={totals.error} onRetry={() => setAttempts(attempts + 1)} />
      )}
      <div class="card overview">
        <TotalsCard totals={totals} graph={view.graph} onGraph={(graph) => navigate({ graph })} />
        {isBlank && <BlankRange scope={scope} navigate={navigate} />}
        <GraphCard scope={scope} metric={view.graph} isDark={isDark} refresh={refresh} />
      </div>
      <div class="breakdowns">
        {BREAKDOWNS.map((set) => (
          <BreakdownCard
            key={set.title}
            set={set}
            scope={scope}
            refresh={refresh}
            allVisitors={allVisitors}
            onFilter={onFilter}
          />
        ))}
      </div>
      <NotesCard answer={totals.answer} onFilter={onFilter} />
    </>
  );
}
