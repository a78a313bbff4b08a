/** Code of the guide's pages, which tests run as it stands there. */
import { readFileSync } from "node:fs";

/** Reads the first code block of a language below a page's heading. */
export function readGuideCode(page: string, heading: string, language: string): string {
  const fence = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s");
  const code = fence.exec(readSection(page, heading))?.[1];
  if (code === undefined) throw new Error(`docs/guide/${page} has no ${language} below "${heading}"`);
  return code;
}

/** Reads all files below a page's heading: code blocks after a line that is nothing but a file's name. */
export function readGuideFiles(page: string, heading: string): Readonly<Record<string, string>> {
  const blocks = readSection(page, heading).matchAll(/^`([^`\n]+)`:\n\n```\w+\n(.*?)```/gms);
  return Object.fromEntries([...blocks].map(([, name = "", code = ""]) => [name, code]));
}

function readSection(page: string, heading: string): string {
  const text = readFileSync(new URL(`../../docs/guide/${page}`, import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/guide/${page} has no heading "${heading}"`);
  return section;
}
