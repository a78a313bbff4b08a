/** Said where a range or its filters leave nothing: what that means, and the nearest way out. */
import type { JSX } from "preact";
import type { Scope } from "../state/questions.ts";
import type { Navigate } from "../state/use-view.ts";

type BlankRangeProps = { readonly scope: Scope; readonly navigate: Navigate };

export function BlankRange({ scope, navigate }: BlankRangeProps): JSX.Element {
  const isFiltered = scope.filters.length > 0;
  return (
    <div class="blank-range" role="status">
      <p>{isFiltered ? "No visit in this range matches the filters." : "Nobody passed by in this range."}</p>
      <div class="blank-range-ways">
        {isFiltered && (
          <button type="button" class="button" onClick={() => navigate({ filters: [] })}>
            Clear filters
          </button>
        )}
        {scope.range !== "all" && (
          <button type="button" class="button" onClick={() => navigate({ range: "all" })}>
            Show all time
          </button>
        )}
      </div>
    </div>
  );
}
