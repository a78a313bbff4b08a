/** The look that panel and badge have in common. Constructed style sheets need no exception in a content security policy. */

const SHARED = `
:host {
  all: initial;
  --paper: #ffffff;
  --ink: #1a2224;
  --faded: #535f64;
  --line: #cfd6d8;
  --raised: #f1f4f4;
  --accent: #0b57a4;
  --good: #17602b;
  --bad: #a8201a;
  --wait: #734700;
  color-scheme: light;
  font: 13px/1.45 system-ui, sans-serif;
  color: var(--ink);
}
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #14191c;
    --ink: #e4eaec;
    --faded: #9fadb3;
    --line: #364146;
    --raised: #1f272b;
    --accent: #8ec4ff;
    --good: #7fd69a;
    --bad: #ffb0aa;
    --wait: #f0c674;
    color-scheme: dark;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button {
  font: inherit;
  color: var(--ink);
  background: var(--raised);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 3px 10px;
  min-height: 28px;
  cursor: pointer;
  transition: border-color 120ms;
}
button:hover { border-color: var(--faded); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media print { :host { display: none; } }
`;

/** Gives a shadow root the shared look, and `own` over it. */
export function adoptStyles(root: ShadowRoot, own: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHARED + own);
  root.adoptedStyleSheets = [sheet];
}
