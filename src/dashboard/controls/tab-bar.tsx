/** Tabs of a card; the arrow keys move between them, as the ARIA pattern has it. Nothing for a single tab. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

type TabBarProps = {
  readonly label: string;
  /** Id of the element that shows what the chosen tab names. */
  readonly panelId: string;
  readonly tabs: readonly string[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
};

export function TabBar({ label, panelId, tabs, chosen, onChoose }: TabBarProps): JSX.Element | null {
  const bar = useRef<HTMLDivElement>(null);
  if (tabs.length < 2) return null;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = (chosen + step + tabs.length) % tabs.length;
    onChoose(next);
    bar.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={bar} onKeyDown={onKeyDown}>
      {tabs.map((tab, index) => (
        <button
          type="button"
          role="tab"
          key={tab}
          id={tabId(panelId, index)}
          aria-controls={panelId}
          aria-selected={index === chosen}
          tabIndex={index === chosen ? 0 : -1}
          onClick={() => onChoose(index)}
        >
          {tab}
        </button>
      ))}
    </div>
  );
}

/** Returns the id of a tab, by which its panel names it. */
export function tabId(panelId: string, index: number): string {
  return `${panelId}-tab-${index}`;
}
