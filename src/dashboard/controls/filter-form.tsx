/** Adds a filter of any kind: dimension, operator and a value of one's own. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { FILTER_OPERATORS, type Filter, type FilterDimension, type FilterOperator } from "../../report.ts";
import { FILTER_NAMES, OPERATOR_NAMES } from "../state/view.ts";
import { Dropdown } from "./dropdown.tsx";
import { Icon } from "./icons.tsx";

type FilterFormProps = {
  readonly onAdd: (filter: Filter) => void;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
};

/** Robots are shown by the note that counts them; there is nothing to type. */
const CHOICES = Object.values(FILTER_NAMES).filter((each) => each.dimension !== "visit:is_bot");

export function FilterForm({ onAdd, isOpen, onToggle }: FilterFormProps): JSX.Element {
  const button = (
    <>
      <Icon name="filter" />
      <span class="button-text">Filter</span>
    </>
  );
  const add = (filter: Filter): void => {
    onToggle(false);
    onAdd(filter);
  };
  return (
    <Dropdown button={button} isOpen={isOpen} onToggle={onToggle}>
      <FilterFields onAdd={add} />
    </Dropdown>
  );
}

function FilterFields({ onAdd }: Pick<FilterFormProps, "onAdd">): JSX.Element {
  const [dimension, setDimension] = useState<FilterDimension>("event:page");
  const [operator, setOperator] = useState<FilterOperator>("contains");
  const [value, setValue] = useState("");
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (value.trim() !== "") onAdd([operator, dimension, [value.trim()]]);
  };
  return (
    <form class="filter-form" onSubmit={onSubmit}>
      <label>
        Show only
        <select onChange={(event) => setDimension(CHOICES[event.currentTarget.selectedIndex]?.dimension ?? dimension)}>
          {CHOICES.map((choice) => (
            <option key={choice.dimension} selected={choice.dimension === dimension}>
              {choice.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        that
        <select onChange={(event) => setOperator(FILTER_OPERATORS[event.currentTarget.selectedIndex] ?? operator)}>
          {FILTER_OPERATORS.map((each) => (
            <option key={each} selected={each === operator}>
              {OPERATOR_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Text
        <input
          type="text"
          data-autofocus
          autocomplete="off"
          spellcheck={false}
          placeholder={dimension === "event:page" ? "/blog" : ""}
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button button-primary" disabled={value.trim() === ""}>
        Add filter
      </button>
    </form>
  );
}
