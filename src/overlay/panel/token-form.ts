/** Where the owner pastes an overlay token, and takes it away again. */
import { keepToken, readToken } from "../collector-view/overlay-token.ts";
import { makeButton, makeElement, setText } from "./make-element.ts";

/** Makes the form; `onChange` is called when the token is another. */
export function makeTokenForm(onChange: () => void): HTMLElement {
  const hint = makeElement("p", { id: "token-hint", role: "status" });
  const input = makeElement("input", {
    id: "token",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "token-hint",
  });
  const label = makeElement("label", { for: "token" }, "Overlay token");
  const use = makeElement("button", { type: "submit" }, "Use");
  const forget = makeButton("Forget the token", () => {
    keepToken(undefined);
    show();
    onChange();
  });
  const entry = makeElement("div", { class: "entry" }, label, input, use);
  const form = makeElement("form", {}, entry, hint, forget);

  const show = (): void => {
    const hasToken = readToken() !== undefined;
    // A focus inside what is hidden would be lost to the page.
    const hadFocus = form.contains(form.ownerDocument.activeElement?.shadowRoot?.activeElement ?? null);
    entry.hidden = hasToken;
    forget.hidden = !hasToken;
    setText(hint, hasToken ? WITH_TOKEN : WITHOUT_TOKEN);
    if (hadFocus) (hasToken ? forget : input).focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = input.value.trim();
    // Only what a header can carry: anything else fetch would refuse.
    if (!/^[\x21-\x7e]+$/.test(token)) return setText(hint, "Paste the token as the command has printed it.");
    input.value = "";
    if (!keepToken(token)) return setText(hint, "This browser blocks the storage of the tab, where the token is kept.");
    show();
    onChange();
  });
  show();
  return form;
}

const WITHOUT_TOKEN =
  "Without a token only what everybody may see is shown. The owner makes one, good for an hour, with: passerby key create --overlay";
const WITH_TOKEN = "Whole events are shown. The token lies in this tab only and leaves with it.";
