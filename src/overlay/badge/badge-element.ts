/**
 * `<passerby-badge>`: a button for a navigation bar with how many events the collector holds in memory and which is the
 * most frequent. It keeps itself up to date while the page is seen, and opens and closes the panel.
 */
import type { Asked } from "../collector-view/ask-collector.ts";
import type { Snapshot } from "../collector-view/parse-answers.ts";
import { watchCollector } from "../collector-view/watch-collector.ts";
import { recordSteps } from "../events/step-recorder.ts";
import { makeButton, makeElement, setText } from "../panel/make-element.ts";
import { definePanel, isPanelOpen, placePanel, TOGGLED_EVENT, togglePanel } from "../panel/panel-element.ts";
import { adoptStyles } from "../panel/shared-styles.ts";

const POLL_MS = 10_000;

export const BADGE_TAG = "passerby-badge";

const STYLES = `
:host { display: inline-block; }
button { display: inline-flex; gap: 8px; border-radius: 999px; font-variant-numeric: tabular-nums; }
.top { color: var(--faded); max-width: 14em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
[role=status] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

/** Makes the element known to the browser, once. */
export function defineBadge(): void {
  if (customElements.get(BADGE_TAG)) return;
  class PasserbyBadge extends HTMLElement {
    #close: (() => void) | undefined;

    connectedCallback(): void {
      // The panel gives the focus back to the badge as a whole.
      this.#close ??= buildBadge(this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true }));
    }

    disconnectedCallback(): void {
      this.#close?.();
      this.#close = undefined;
    }
  }
  customElements.define(BADGE_TAG, PasserbyBadge);
}

/** Fills the shadow root; returns what takes everything down again. */
function buildBadge(root: ShadowRoot): () => void {
  const total = makeElement("span");
  const top = makeElement("span", { class: "top" });
  // Beside the button, whose own content is its name: changes of a name are not announced.
  const announcement = makeElement("span", { role: "status", "aria-live": "polite" });
  const button = makeButton("", pressBadge);
  button.append(total, top);
  const show = (snapshot: Asked<Snapshot> | undefined): void => {
    const words = describe(snapshot);
    setText(total, words.total);
    setText(top, words.top);
    setText(announcement, `${words.total} ${words.top}`.trim());
  };
  const onToggled = (): void => button.setAttribute("aria-expanded", `${isPanelOpen()}`);
  const watch = watchCollector({
    everyMs: POLL_MS,
    lastEvents: 1,
    withConfig: false,
    onNews: ({ snapshot }) => show(snapshot),
  });
  const recorder = recordSteps();
  const onStep = ({ step }: { readonly step: string }): void => {
    if (step === "answered") watch.refresh();
  };
  recorder.listeners.add(onStep);
  document.addEventListener(TOGGLED_EVENT, onToggled);
  adoptStyles(root, STYLES);
  root.replaceChildren(button, announcement);
  show(undefined);
  onToggled();
  return () => {
    watch.stop();
    recorder.listeners.delete(onStep);
    document.removeEventListener(TOGGLED_EVENT, onToggled);
  };
}

function describe(snapshot: Asked<Snapshot> | undefined): { readonly total: string; readonly top: string } {
  if (snapshot === undefined) return { total: "Passerby", top: "" };
  if ("failure" in snapshot) return { total: "Passerby", top: "no answer" };
  const { total, byEvent } = snapshot.value;
  const [first] = byEvent;
  return { total: `${total} ${total === 1 ? "event" : "events"}`, top: first ? `most: ${first.name}` : "" };
}

/** A page may have the badge alone; then the panel is put onto it when it is first asked for. */
function pressBadge(): void {
  definePanel();
  const isNew = placePanel();
  if (!isNew || !isPanelOpen()) togglePanel();
}
