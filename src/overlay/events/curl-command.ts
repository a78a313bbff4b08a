/** A request of the tracker as a command for a shell, so that its owner can send it again from elsewhere. */

export type CurlRequest = {
  readonly address: string;
  readonly body: string;
  readonly origin: string;
  readonly userAgent: string;
};

/** Writes the command. Its events keep their ids: where they are stored already, sending them again stores nothing. */
export function writeCurlCommand({ address, body, origin, userAgent }: CurlRequest): string {
  return [
    `curl -i ${quoteForShell(address)}`,
    `-H ${quoteForShell(`Origin: ${origin}`)}`,
    `-H ${quoteForShell(`User-Agent: ${userAgent}`)}`,
    "-H 'Content-Type: text/plain'",
    // Not --data: that reads a file where the text begins with @.
    `--data-raw ${quoteForShell(body)}`,
  ].join(" \\\n  ");
}

/** Quotes a text for a POSIX shell (POSIX.1-2024, XCU 2.2.2): nothing is special between single quotes but their end. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
