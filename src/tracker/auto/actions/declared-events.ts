/**
 * Events that the HTML declares: `<button data-passerby-event="signup" data-passerby-plan="pro">`. A form's happens as it is
 * sent, that of any other element as it is clicked.
 */
import type { Track } from "../../options.ts";

const PREFIX = "data-passerby-";
const EVENT = `${PREFIX}event`;

/** Returns the event of the innermost element of a click that declares one, or undefined. Forms are left out. */
export function readDeclaredClick(path: readonly EventTarget[]): Required<Parameters<Track>> | undefined {
  const element = path.find(
    (node) => node instanceof Element && node.hasAttribute(EVENT) && !(node instanceof HTMLFormElement),
  );
  if (!(element instanceof Element)) return undefined;
  // A click on a label comes again as a click on what it labels; that one counts.
  const label = path.find((node) => node instanceof HTMLLabelElement);
  if (label?.control && !path.includes(label.control) && element.contains(label.control)) return undefined;
  return readDeclaredEvent(element);
}

/** Returns the event that an element declares: `data-passerby-plan-name` becomes `plan_name`. */
export function readDeclaredEvent(element: Element): Required<Parameters<Track>> | undefined {
  const name = element.getAttribute(EVENT);
  if (!name) return undefined;
  const pairs = element
    .getAttributeNames()
    .filter((attribute) => attribute.startsWith(PREFIX) && attribute !== EVENT)
    .map((attribute) => [attribute.slice(PREFIX.length).replaceAll("-", "_"), element.getAttribute(attribute)]);
  return [name, Object.fromEntries(pairs)];
}
