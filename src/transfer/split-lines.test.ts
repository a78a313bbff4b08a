import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type InputLine, MAX_LINE_BYTES, splitLines } from "./split-lines.ts";

async function split(chunks: readonly Buffer[]): Promise<readonly InputLine[]> {
  async function* source(): AsyncGenerator<Buffer, void, void> {
    yield* chunks;
  }
  const lines: InputLine[] = [];
  for await (const batch of splitLines(source())) lines.push(...batch);
  return lines;
}

describe("splitLines", () => {
  it("numbers lines and says where they begin, with and without CR, and the last without LF", async () => {
    expect(await split([Buffer.from("a\r\n\nbc\nd")])).toEqual([
      { number: 1, offset: 0, text: "a" },
      { number: 2, offset: 3, text: "" },
      { number: 3, offset: 4, text: "bc" },
      { number: 4, offset: 7, text: "d" },
    ]);
  });

  it("yields nothing for nothing", async () => {
    expect(await split([])).toEqual([]);
    expect(await split([Buffer.alloc(0)])).toEqual([]);
  });

  it("leaves out a byte order mark", async () => {
    expect(await split([Buffer.from("\ufeffa\n\ufeffb\n")])).toMatchObject([{ text: "a" }, { text: "\ufeffb" }]);
  });

  it("passes over a line beyond the limit and goes on with the next", async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 1, "x");
    const lines = await split([long, long, Buffer.from("\nb\n"), long]);
    expect(lines).toEqual([
      { number: 1, offset: 0, text: undefined },
      { number: 2, offset: 2 * long.length + 1, text: "b" },
      { number: 3, offset: 2 * long.length + 3, text: undefined },
    ]);
  });

  it("does not care where chunks are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60, unit: "binary" }), fc.array(fc.nat(9)), async (text, cuts) => {
        const bytes = Buffer.from(text.replaceAll("x", "\n"));
        const chunks: Buffer[] = [];
        let from = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(from, from + cut));
          from += cut;
        }
        expect(await split([...chunks, bytes.subarray(from)])).toEqual(await split([bytes]));
      }),
    );
  });
});
