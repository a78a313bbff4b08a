/** A card with the top rows of one list, tabs for its kin, and the way to all of them. */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Icon } from "../controls/icons.tsx";
import { TabBar, tabId } from "../controls/tab-bar.tsx";
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
  const panelId = useId();
  const breakdown = set.tabs[index] ?? set.tabs[0];
  return (
    <section class="card breakdown" aria-label={set.title}>
      <header class="card-head">
        <h2>{set.title}</h2>
        <TabBar
          panelId={panelId}
          label={set.title}
          tabs={set.tabs.map((tab) => tab.label)}
          chosen={index}
          onChoose={setIndex}
        />
      </header>
      <TopRows
        key={breakdown.dimension}
        panel={set.tabs.length > 1 ? { id: panelId, role: "tabpanel", "aria-labelledby": tabId(panelId, index) } : {}}
        breakdown={breakdown}
        noun={set.noun}
        context={context}
        onShowAll={() => setIsOpen(true)}
      />
      {isOpen && (
        <BreakdownDialog
          title={set.tabs.length > 1 ? `${set.title}: ${breakdown.label.toLowerCase()}` : set.title}
          breakdown={breakdown}
          noun={set.noun}
          context={context}
          onClose={() => setIsOpen(false)}
        />
      )}
    </section>
  );
}

type TopRowsProps = {
  /** What makes the rows the panel of their tab. */
  readonly panel: { readonly id?: string; readonly role?: "tabpanel"; readonly "aria-labelledby"?: string };
  readonly breakdown: Breakdown;
  readonly noun: string;
  readonly context: BreakdownContext;
  readonly onShowAll: () => void;
};

function TopRows({ panel, breakdown, noun, context, onShowAll }: TopRowsProps): JSX.Element {
  const question = askBreakdown(context.scope, breakdown, { search: "", limit: TOP_ROWS });
  const rows = useAnswer(question, context.refresh);
  const count = rows.answer?.meta.total_rows ?? 0;
  return (
    <>
      <div class="breakdown-body" {...panel}>
        <BreakdownList rows={rows} breakdown={breakdown} noun={noun} context={context} />
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
