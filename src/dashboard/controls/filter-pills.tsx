/** The filters in force, each with a button that takes it away. */
import type { JSX } from "preact";
import type { Filter } from "../../report.ts";
import { isSameFilter, labelOf, OPERATOR_NAMES } from "../state/view.ts";
import { Icon } from "./icons.tsx";

type FilterPillsProps = {
  readonly filters: readonly Filter[];
  readonly onChange: (filters: readonly Filter[]) => void;
};

export function FilterPills({ filters, onChange }: FilterPillsProps): JSX.Element | null {
  if (filters.length === 0) return null;
  return (
    <ul class="pills" aria-label="Filters">
      {filters.map((filter) => (
        <Pill
          key={filter.join()}
          filter={filter}
          onRemove={() => onChange(filters.filter((each) => !isSameFilter(each, filter)))}
        />
      ))}
      {filters.length > 1 && (
        <li>
          <button type="button" class="button-quiet" onClick={() => onChange([])}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}

function Pill({ filter, onRemove }: { readonly filter: Filter; readonly onRemove: () => void }): JSX.Element {
  const [operator, dimension, values] = filter;
  const isRobots = dimension === "visit:is_bot";
  const text = isRobots ? "Robots only" : `${labelOf(dimension)} ${OPERATOR_NAMES[operator]} ${values.join(" or ")}`;
  return (
    <li class="pill">
      {isRobots ? (
        <span class="pill-text">{text}</span>
      ) : (
        <span class="pill-text" title={text}>
          {labelOf(dimension)} {OPERATOR_NAMES[operator]} <b>{values.join(" or ")}</b>
        </span>
      )}
      <button type="button" aria-label={`Remove filter: ${text}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </li>
  );
}
