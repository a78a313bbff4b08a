/**
 * `<passerby-panel>`: what this page sends and what becomes of it. It lies over a corner of the page, can be closed to a
 * small button and moved to the other side, and takes the focus only when it is asked to open.
 */
import { makeButton, makeElement } from "./make-element.ts";
import { makePanelBody, type PanelBody } from "./panel-body.ts";
import { keepPlace, type PanelPlace, readPlace } from "./panel-memory.ts";
import { panelStyles } from "./panel-styles.ts";
import { adoptStyles } from "./shared-styles.ts";

const PANEL_TAG = "passerby-panel";

/** Sent to the document: opens the panel, or closes it. */
const TOGGLE_EVENT = "passerby-toggle";

/** Sent to the document when the panel has been opened or closed; `detail` is true when it is open. */
export const TOGGLED_EVENT = "passerby-toggled";

/** Makes the element known to the browser, once. */
export function definePanel(): void {
  if (customElements.get(PANEL_TAG)) return;
  class PasserbyPanel extends HTMLElement {
    #close: (() => void) | undefined;

    connectedCallback(): void {
      this.#close ??= buildPanel(this.shadowRoot ?? this.attachShadow({ mode: "open" }));
    }

    disconnectedCallback(): void {
      this.#close?.();
      this.#close = undefined;
    }
  }
  customElements.define(PANEL_TAG, PasserbyPanel);
}

/** Puts a panel onto the page, unless it has one; says whether it has done so. */
export function placePanel(): boolean {
  if (document.querySelector(PANEL_TAG)) return false;
  // A script that is not deferred may run before there is a body.
  (document.body ?? document.documentElement).append(document.createElement(PANEL_TAG));
  return true;
}

/** Opens the panel of the page, or closes it. */
export function togglePanel(): void {
  document.dispatchEvent(new CustomEvent(TOGGLE_EVENT));
}

/** Says whether the panel of the page is open. */
export function isPanelOpen(): boolean {
  return document.querySelector(PANEL_TAG)?.shadowRoot?.querySelector<HTMLElement>(".panel")?.hidden === false;
}

/** Fills the shadow root; returns what takes everything down again. */
function buildPanel(root: ShadowRoot): () => void {
  const body = makePanelBody();
  const parts = makeFrame(body);
  const { launcher, panel } = parts;
  let place = readPlace();
  let opener: Element | null = null;

  const show = (next: PanelPlace): void => {
    place = next;
    panel.hidden = !next.isOpen;
    launcher.hidden = next.isOpen;
    for (const element of [panel, launcher]) element.classList.toggle("left", next.isLeft);
    if (next.isOpen) body.ask();
    else body.stopAsking();
    document.dispatchEvent(new CustomEvent(TOGGLED_EVENT, { detail: next.isOpen }));
  };
  const change = (next: PanelPlace): void => {
    show(next);
    keepPlace(next);
  };
  const open = (): void => {
    opener = document.activeElement;
    change({ ...place, isOpen: true });
    parts.close.focus();
  };
  const close = (): void => {
    const hadFocus = panel.contains(root.activeElement);
    change({ ...place, isOpen: false });
    if (!hadFocus) return;
    // Back to what it was opened from: the badge, or its own button.
    if (opener instanceof HTMLElement && opener !== root.host && opener !== document.body) opener.focus();
    else launcher.focus();
  };
  const toggle = (): void => (place.isOpen ? close() : open());
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") close();
    // What is typed here is no shortcut of the page.
    event.stopPropagation();
  };

  launcher.addEventListener("click", open);
  parts.close.addEventListener("click", close);
  parts.move.addEventListener("click", () => change({ ...place, isLeft: !place.isLeft }));
  panel.addEventListener("keydown", onKey);
  document.addEventListener(TOGGLE_EVENT, toggle);
  adoptStyles(root, panelStyles);
  root.replaceChildren(parts.region);
  show(place);
  return () => {
    document.removeEventListener(TOGGLE_EVENT, toggle);
    body.close();
  };
}

type Frame = {
  readonly region: HTMLElement;
  readonly launcher: HTMLButtonElement;
  readonly panel: HTMLElement;
  readonly move: HTMLButtonElement;
  readonly close: HTMLButtonElement;
};

function makeFrame(body: PanelBody): Frame {
  const nothing = (): void => {};
  const move = makeButton("Other side", nothing);
  const close = makeButton("Close", nothing);
  const launcher = makeButton("Passerby", nothing);
  launcher.className = "launcher";
  launcher.setAttribute("aria-expanded", "false");
  const head = makeElement("div", { class: "head" }, makeElement("h2", {}, "Passerby"), move, close);
  const panel = makeElement("div", { class: "panel" }, head, body.element);
  const region = makeElement("section", { "aria-label": "Passerby" }, launcher, panel);
  return { region, launcher, panel, move, close };
}
