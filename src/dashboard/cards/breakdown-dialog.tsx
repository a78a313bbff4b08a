/** All rows of a list, searched as one types; what was typed can become a filter of the page. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Modal } from "../controls/modal.tsx";
import { askBreakdown, type Breakdown } from "../state/questions.ts";
import { useAnswer } from "../state/use-answer.ts";
import { labelOf } from "../state/view.ts";
import { BreakdownList } from "./breakdown-list.tsx";
import type { BreakdownContext } from "./breakdowns.ts";

const PAGE_ROWS = 100;
const TYPING_PAUSE_MS = 200;

type BreakdownDialogProps = {
  readonly title: string;
  readonly breakdown: Breakdown;
  readonly noun: string;
  readonly context: BreakdownContext;
  readonly onClose: () => void;
};

export function BreakdownDialog({ title, breakdown, noun, context, onClose }: BreakdownDialogProps): JSX.Element {
  const [typed, setTyped] = useState("");
  const [limit, setLimit] = useState(PAGE_ROWS);
  const search = useSettled(typed.trim());
  const rows = useAnswer(askBreakdown(context.scope, breakdown, { search, limit }), context.refresh);
  const count = rows.answer?.meta.total_rows ?? 0;
  const onFilter: BreakdownContext["onFilter"] = (filter) => {
    context.onFilter(filter);
    onClose();
  };
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (typed.trim() !== "") onFilter(["contains", breakdown.dimension, [typed.trim()]]);
  };
  return (
    <Modal title={title} onClose={onClose}>
      <form class="search" onSubmit={onSubmit}>
        <input
          type="search"
          data-autofocus
          aria-label={`Search ${labelOf(breakdown.dimension).toLowerCase()}`}
          placeholder={`${labelOf(breakdown.dimension)} contains …`}
          autocomplete="off"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={typed.trim() === ""}>
          Filter the page
        </button>
      </form>
      <div class="dialog-rows">
        <BreakdownList rows={rows} breakdown={breakdown} noun={noun} context={{ ...context, onFilter }} />
        {count > limit && (
          <button type="button" class="button" onClick={() => setLimit(limit + PAGE_ROWS)}>
            Show more of {count.toLocaleString("en")}
          </button>
        )}
      </div>
    </Modal>
  );
}

/** Returns a text once it has not changed for a moment, so that typing asks one question and not one a letter. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
