/** The figures of a site: range and filters, totals, graph, lists, what arrived, and how to read them. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Filter } from "../../report.ts";
import { ArrivedCard } from "../cards/arrived-card.tsx";
import { BreakdownCard } from "../cards/breakdown-card.tsx";
import { BREAKDOWNS } from "../cards/breakdowns.ts";
import { GraphCard } from "../cards/graph-card.tsx";
import { NotesCard } from "../cards/notes-card.tsx";
import { TotalsCard } from "../cards/totals-card.tsx";
import { BlankRange } from "../controls/blank-range.tsx";
import { FilterPills } from "../controls/filter-pills.tsx";
import { RangeBar } from "../controls/range-bar.tsx";
import { Trouble } from "../controls/trouble.tsx";
import { askTotals, type Scope, TOTALS } from "../state/questions.ts";
import type { PresetId } from "../state/range-presets.ts";
import { rangeHoldsToday } from "../state/range-presets.ts";
import { useSession } from "../state/session.ts";
import type { Theme } from "../state/theme.ts";
import { type AnswerState, useAnswer } from "../state/use-answer.ts";
import { useDark } from "../state/use-dark.ts";
import { useTicker } from "../state/use-ticker.ts";
import type { Navigate } from "../state/use-view.ts";
import { type GraphMetric, toggleFilter, type View } from "../state/view.ts";

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

  return (
    <>
      <RangeBar scope={scope} answer={totals.answer} navigate={navigate} onKeys={onKeys} />
      <FilterPills filters={view.filters} onChange={(filters) => navigate({ filters })} />
      {totals.error !== null && <Trouble error={totals.error} onRetry={() => setAttempts(attempts + 1)} />}
      {(totals.error === null || totals.answer !== null) && (
        <Cards
          scope={scope}
          totals={totals}
          graph={view.graph}
          isDark={isDark}
          refresh={refresh}
          navigate={navigate}
          onFilter={onFilter}
        />
      )}
      <NotesCard answer={totals.answer} onFilter={onFilter} />
    </>
  );
}

type CardsProps = {
  readonly scope: Scope;
  readonly totals: AnswerState;
  readonly graph: GraphMetric;
  readonly isDark: boolean;
  readonly refresh: number;
  readonly navigate: Navigate;
  readonly onFilter: (filter: Filter) => void;
};

/** Not shown at all while even the totals cannot be read: one trouble is better told once. */
function Cards({ scope, totals, graph, isDark, refresh, navigate, onFilter }: CardsProps): JSX.Element {
  const figures = totals.isStale ? undefined : totals.answer?.results[0]?.metrics;
  const allVisitors = figures?.[TOTALS.indexOf("visitors")] ?? null;
  const isBlank = figures !== undefined && (figures[TOTALS.indexOf("pageviews")] ?? 0) === 0 && allVisitors === 0;
  return (
    <>
      <div class="card overview">
        <TotalsCard totals={totals} graph={graph} onGraph={(metric) => navigate({ graph: metric })} />
        {isBlank && <BlankRange scope={scope} navigate={navigate} />}
        <GraphCard scope={scope} metric={graph} isDark={isDark} refresh={refresh} />
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
      <ArrivedCard scope={scope} refresh={refresh} />
    </>
  );
}
