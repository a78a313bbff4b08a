/** Makes elements for the panel. Text becomes text nodes only, so that no name or message is ever read as HTML. */

/** Makes an element with attributes and children; an attribute that is undefined is left out. */
export function makeElement<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Makes a button that calls `act`. */
export function makeButton(text: string, act: () => void): HTMLButtonElement {
  const button = makeElement("button", { type: "button" }, text);
  button.addEventListener("click", act);
  return button;
}

/** Sets a text only where it is another: what has not changed is not announced again, nor a selection in it lost. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes a time in ms since 1970 as local time of the day, with seconds, in 24 hours. */
export function writeTime(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB");
}
