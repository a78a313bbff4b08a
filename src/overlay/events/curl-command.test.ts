/** Holds that a copied command means to a shell what the page has sent, whatever is in it. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoteForShell, writeCurlCommand } from "./curl-command.ts";

/** Lets a real shell read the command, with a `curl` that only repeats its arguments. */
function readArguments(command: string): readonly string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("copy as curl", () => {
  test("says what was sent, argument by argument", () => {
    const body = JSON.stringify({ events: [{ event: 'it\'s $(date) `id` "x" \\ !' }] });
    const request = {
      body,
      address: "https://api.example.com/x?partial=1",
      origin: "https://a.com",
      userAgent: "It's",
    };
    expect(readArguments(writeCurlCommand(request))).toEqual([
      ...["-i", "https://api.example.com/x?partial=1"],
      ...["-H", "Origin: https://a.com", "-H", "User-Agent: It's", "-H", "Content-Type: text/plain"],
      ...["--data-raw", body],
    ]);
  });

  test("quotes any text so that a shell reads it back and runs nothing", () => {
    const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0") && value.isWellFormed());
    fc.assert(
      fc.property(text, (value) => {
        const read = execFileSync("sh", ["-c", `printf '%s.' ${quoteForShell(value)}`], { encoding: "utf8" });
        expect(read).toBe(`${value}.`);
      }),
      { numRuns: 50 },
    );
  });
});
