/** Hears of every form that is sent, by a visitor or by `requestSubmit`, also in open shadow trees. */

/** Calls `act` for each form that is sent. A form that the browser holds back as not valid is not sent. */
export function watchSubmits(act: (form: HTMLFormElement) => void): void {
  const onSubmit = (event: Event): void => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const submitter = event instanceof SubmitEvent ? event.submitter : null;
    // Such a form closes its dialog and goes nowhere.
    if (/^dialog$/i.test(submitter?.getAttribute("formmethod") ?? form.getAttribute("method") ?? "")) return;
    // Not `form.matches`, which is a field where there is one of that name.
    if (Element.prototype.matches.call(form, ":valid")) act(form);
    // Only a page that checks its forms itself lets this one come here: it is not sent if the page prevents it.
    else setTimeout(() => event.defaultPrevented || act(form));
  };
  addEventListener("submit", onSubmit, true);
  // This event does not leave a shadow tree, but others do, and one of them comes first. Adding again changes nothing.
  const enterTrees = (event: Event): void => {
    for (const node of event.composedPath()) {
      if (node instanceof ShadowRoot) node.addEventListener("submit", onSubmit, true);
    }
  };
  for (const type of ["focusin", "click"]) addEventListener(type, enterTrees, true);
}
