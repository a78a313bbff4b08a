/** Puts a notice into a page: one of the site's own that says where, or a plain one. */
import { PasserbyError } from "../errors.ts";
import { escapeHtml } from "./write-notice.ts";

/** Where a page of the site's own wants the notice. */
export const NOTICE_PLACE = "<!-- passerby-privacy -->";

/** Returns a page with the notice in its place. Throws `input_unreadable` for one that has no place for it. */
export function fillPage(page: string, notice: string): string {
  if (page.includes(NOTICE_PLACE)) return page.replaceAll(NOTICE_PLACE, () => notice);
  throw new PasserbyError(
    "input_unreadable",
    `the page has no place for the notice: write ${NOTICE_PLACE} where it belongs`,
  );
}

/** Returns a page with nothing but the notice, light or dark as the visitor has it. */
export function plainPage(siteName: string, notice: string): string {
  const name = escapeHtml(siteName);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Privacy: ${name}</title>
<meta name="description" content="What ${name} counts, what it does not know, and for how long it remembers.">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Privacy: ${name}</h1>
${notice}
</main>
</body>
</html>
`;
}

const STYLE = `
body { margin: 0 auto; padding: 1rem; max-width: 44rem; font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
table { width: 100%; border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem; }
th, td { padding: 0.4rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8886; }
`;
