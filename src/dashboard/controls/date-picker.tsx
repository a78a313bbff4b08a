/** Chooses the range: presets with their keys, two dates of one's own, and a step back or forward. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { isDate } from "../format/calendar.ts";
import { nameRange, PRESETS, type Range, shiftRange, toDates } from "../state/range-presets.ts";
import { useSession } from "../state/session.ts";
import { Dropdown } from "./dropdown.tsx";
import { Icon } from "./icons.tsx";

type DatePickerProps = {
  readonly range: Range;
  readonly onChoose: (range: Range) => void;
  /** `dates` opens the popup at the two dates. */
  readonly open: "presets" | "dates" | null;
  readonly onToggle: (isOpen: boolean) => void;
};

export function DatePicker({ range, onChoose, open, onToggle }: DatePickerProps): JSX.Element {
  const choose = (chosen: Range): void => {
    onToggle(false);
    onChoose(chosen);
  };
  const button = (
    <>
      <Icon name="calendar" />
      <span class="button-text">{nameRange(range)}</span>
      <Icon name="chevron" />
    </>
  );
  return (
    <div class="date-picker">
      <StepButton direction={-1} range={range} onChoose={choose} />
      <Dropdown button={button} isOpen={open !== null} onToggle={onToggle}>
        <div class="date-popup">
          <ul class="menu">
            {PRESETS.map((preset) => (
              <li key={preset.id}>
                <button type="button" aria-pressed={range === preset.id} onClick={() => choose(preset.id)}>
                  <span>{preset.name}</span>
                  <kbd>{preset.key.toUpperCase()}</kbd>
                </button>
              </li>
            ))}
          </ul>
          <CustomRange range={range} onChoose={choose} isFirst={open === "dates"} />
        </div>
      </Dropdown>
      <StepButton direction={1} range={range} onChoose={choose} />
    </div>
  );
}

type StepProps = Pick<DatePickerProps, "range" | "onChoose"> & { readonly direction: -1 | 1 };

function StepButton({ direction, range, onChoose }: StepProps): JSX.Element {
  const { timezone } = useSession();
  const next = shiftRange(range, direction, { timezone, nowMs: Date.now() });
  return (
    <button
      type="button"
      class="button button-icon step"
      aria-label={direction < 0 ? "Period before" : "Period after"}
      disabled={next === null}
      onClick={() => next !== null && onChoose(next)}
    >
      <Icon name={direction < 0 ? "before" : "after"} />
    </button>
  );
}

type CustomRangeProps = Pick<DatePickerProps, "range" | "onChoose"> & { readonly isFirst: boolean };

function CustomRange({ range, onChoose, isFirst }: CustomRangeProps): JSX.Element {
  const { timezone } = useSession();
  const [dates, setDates] = useState(() => toDates(range, { timezone, nowMs: Date.now() }));
  const isGood = isDate(dates.from) && isDate(dates.to) && dates.from <= dates.to;
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isGood) onChoose(dates);
  };
  return (
    <form class="custom-range" onSubmit={onSubmit}>
      <label>
        From
        <input
          type="date"
          data-autofocus={isFirst ? "" : undefined}
          value={dates.from}
          onInput={(event) => setDates({ ...dates, from: event.currentTarget.value })}
        />
      </label>
      <label>
        To
        <input
          type="date"
          value={dates.to}
          onInput={(event) => setDates({ ...dates, to: event.currentTarget.value })}
        />
      </label>
      {dates.from > dates.to && <p class="field-note">The first day comes after the last.</p>}
      <button type="submit" class="button button-primary" disabled={!isGood}>
        Show these dates
      </button>
    </form>
  );
}
