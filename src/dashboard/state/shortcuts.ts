/** The keys of the dashboard: which key means what, and when a key press is meant for something else. */
import { PRESETS, type PresetId } from "./range-presets.ts";

/** What a key press asks for. */
export type Command =
  | { readonly do: "range"; readonly preset: PresetId }
  | { readonly do: "shift"; readonly direction: -1 | 1 }
  | { readonly do: "custom-range" | "clear-filters" | "add-filter" | "show-keys" };

/** The list that `?` shows: key and meaning. */
export const SHORTCUTS: readonly (readonly [key: string, meaning: string])[] = [
  ...PRESETS.map((preset) => [preset.key.toUpperCase(), preset.name] as const),
  ["C", "Custom range"],
  ["← →", "Period before, period after"],
  ["/", "Add a filter"],
  ["Esc", "Clear all filters"],
  ["?", "This list"],
];

/** Finds the command of a key, or null. `key` is that of a keyboard event. */
export function findCommand(key: string): Command | null {
  const preset = PRESETS.find((each) => each.key === key.toLowerCase());
  if (preset !== undefined) return { do: "range", preset: preset.id };
  switch (key) {
    case "ArrowLeft":
      return { do: "shift", direction: -1 };
    case "ArrowRight":
      return { do: "shift", direction: 1 };
    case "c":
    case "C":
      return { do: "custom-range" };
    case "/":
      return { do: "add-filter" };
    case "Escape":
      return { do: "clear-filters" };
    case "?":
      return { do: "show-keys" };
    default:
      return null;
  }
}

/** Tells whether a key press belongs to somebody else: a field, an open dialog or popup, or the browser itself. */
export function isTakenElsewhere(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const target = event.target;
  const owners = event.key.startsWith("Arrow") ? "input, select, textarea, [role=tablist]" : "input, select, textarea";
  if (target instanceof Element && target.closest(owners) !== null) return true;
  return document.querySelector("dialog[open], [data-popup]") !== null;
}
