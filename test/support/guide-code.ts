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

/** Returns the lines of a page's shell commands, continued ones joined; with a heading only those below it. */
export function readGuideCommands(page: string, heading?: string): readonly string[] {
  const blocks = [
    ...(heading === undefined ? readGuide(page) : readSection(page, heading)).matchAll(/^```sh\n(.*?)^```$/gms),
  ];
  return blocks.flatMap(([, block = ""]) =>
    block
      .replaceAll("\\\n", "")
      .split("\n")
      .filter((line) => line !== ""),
  );
}

/** Reads a page of the guide. */
export function readGuide(page: string): string {
  return readFileSync(new URL(`../../docs/guide/${page}`, import.meta.url), "utf8");
}

function readSection(page: string, heading: string): string {
  const section = readGuide(page)
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/guide/${page} has no heading "${heading}"`);
  return section;
}
