/** Names a form, without looking at what is written in it. */
import { clipText } from "../clip-text.ts";

/**
 * Returns the id of a form, else its name, else where it goes: the path, with the origin in front when that is another. At
 * most 128 characters.
 */
export function nameForm(form: HTMLFormElement): string {
  // As attributes, because `form.id` and `form.name` are fields of that name where there are such.
  const name = form.getAttribute("id") || form.getAttribute("name") || readTarget(form.getAttribute("action") ?? "");
  return clipText(name, 128);
}

function readTarget(action: string): string {
  try {
    const { protocol, origin, pathname } = new URL(action, document.baseURI);
    // Where no action is given, a form goes to the address of its page.
    if (action && /^http/.test(protocol)) return origin === location.origin ? pathname : origin + pathname;
  } catch {
    // An action that is no address leads to the page, too.
  }
  return location.pathname;
}
