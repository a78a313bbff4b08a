/** The parts that the made pages of docs/reference share. */

const MADE = "<!-- Made from code by scripts/make-reference.ts; change the code, not this page. -->";

/** A page of a title and its parts. */
export function page(title: string, parts: readonly string[]): string {
  return `${[`# ${title}`, MADE, ...parts].join("\n\n")}\n`;
}

/** A table; a pipe in a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Names as code, with commas between. */
export function listOf(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
