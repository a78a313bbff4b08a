/** A card with the top rows of one list, tabs for its kin, and the way to all of them. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../controls/icons.tsx";
import { TabBar } from "../controls/tab-bar.tsx";
import { askBreakdown, type Breakdown } from "../state/questions.ts";
import { useAnswer } from "../state/use-answer.ts";
import { BreakdownDialog } from "./breakdown-dialog.tsx";
import { BreakdownList } from "./breakdown-list.tsx";
import type { BreakdownContext, BreakdownSet } from "./breakdowns.ts";

/** Rows on the card; the rest stands in the dialog. */
const TOP_ROWS = 8;

type BreakdownCardProps = BreakdownContext & { readonly set: BreakdownSet };

export function BreakdownCard({ set, ...context }: BreakdownCardProps): JSX.Element {
  const [index, setIndex] = useState(0);
  const [isOpen, setIsOpen] = useState(false);
  const breakdown = set.tabs[index] ?? set.tabs[0];
  return (
    <section class="card breakdown" aria-label={set.title}>
      <header class="card-head">
        <h2>{set.title}</h2>
        <TabBar label={set.title} tabs={set.tabs.map((tab) => tab.label)} chosen={index} onChoose={setIndex} />
      </header>
      <TopRows
        key={breakdown.dimension}
        breakdown={breakdown}
        blank={set.blank}
        context={context}
        onShowAll={() => setIsOpen(true)}
      />
      {isOpen && (
        <BreakdownDialog
          title={set.tabs.length > 1 ? `${set.title}: ${breakdown.label.toLowerCase()}` : set.title}
          breakdown={breakdown}
          blank={set.blank}
          context={context}
          onClose={() => setIsOpen(false)}
        />
      )}
    </section>
  );
}

type TopRowsProps = {
  readonly breakdown: Breakdown;
  readonly blank: string;
  readonly context: BreakdownContext;
  readonly onShowAll: () => void;
};

function TopRows({ breakdown, blank, context, onShowAll }: TopRowsProps): JSX.Element {
  const question = askBreakdown(context.scope, breakdown, { search: "", limit: TOP_ROWS });
  const rows = useAnswer(question, context.refresh);
  const count = rows.answer?.meta.total_rows ?? 0;
  return (
    <>
      <div class="breakdown-body">
        <BreakdownList rows={rows} breakdown={breakdown} blank={blank} context={context} />
      </div>
      <footer class="card-foot">
        <button type="button" class="button-quiet" disabled={rows.answer === null} onClick={onShowAll}>
          <Icon name="search" />
          <span>{count > TOP_ROWS ? `Search all ${count.toLocaleString("en")}` : "Search"}</span>
        </button>
      </footer>
    </>
  );
}
