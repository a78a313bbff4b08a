/** Breaks a text at spaces, so that it fits a terminal. */

/** Lines of at most `width` characters; the first begins as `first` says, the others indented as far. A long word stays whole. */
export function wrapText(text: string, first: string, width: number): readonly string[] {
  const indent = " ".repeat(first.length);
  const room = Math.max(width - first.length, 20);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((one) => one !== "")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one, index) => `${index === 0 ? first : indent}${one}`);
}
