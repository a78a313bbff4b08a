/** A button that opens a popup beside it; closes on Escape, on a click outside and when the focus leaves. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

type DropdownProps = {
  /** What a screen reader says for the button; left out where its content says it. */
  readonly label?: string;
  readonly button: ComponentChildren;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
  readonly align?: "start" | "end";
  readonly children: ComponentChildren;
};

export function Dropdown({ label, button, isOpen, onToggle, align = "end", children }: DropdownProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  const latest = useRef(onToggle);
  latest.current = onToggle;

  // Before anything is painted: a key pressed right after must land in the popup.
  useLayoutEffect(() => {
    if (!isOpen) return;
    focusFirst(root.current);
    return () => {
      // What had the focus went with the popup; without this, the next Tab would begin at the top of the page.
      if (document.activeElement === document.body) opener.current?.focus({ preventScroll: true });
    };
  }, [isOpen]);
  useEffect(() => {
    if (!isOpen) return;
    const onPointerDown = (event: PointerEvent): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) latest.current(false);
    };
    document.addEventListener("pointerdown", onPointerDown);
    return () => document.removeEventListener("pointerdown", onPointerDown);
  }, [isOpen]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !isOpen) return;
    event.preventDefault();
    onToggle(false);
    opener.current?.focus();
  };
  const onFocusOut = (event: FocusEvent): void => {
    const next = event.relatedTarget;
    if (isOpen && next instanceof Node && root.current?.contains(next) === false) onToggle(false);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys belong to the controls inside, this only hears Escape
    <div class="dropdown" ref={root} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <button
        type="button"
        class="button"
        ref={opener}
        aria-expanded={isOpen}
        aria-label={label}
        onClick={() => onToggle(!isOpen)}
      >
        {button}
      </button>
      {isOpen && (
        <div class={`popup popup-${align}`} data-popup>
          {children}
        </div>
      )}
    </div>
  );
}

/** What the popup asks for, else the choice in force, else whatever comes first. */
function focusFirst(root: HTMLElement | null): void {
  const popup = root?.querySelector("[data-popup]");
  const wanted = ["[data-autofocus]", "[aria-pressed=true]", "button, input, select"];
  const found = wanted.map((selector) => popup?.querySelector<HTMLElement>(selector)).find(Boolean);
  found?.focus();
}
