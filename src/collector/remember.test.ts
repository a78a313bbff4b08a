import { describe, expect, it } from "vitest";
import { remember } from "./remember.ts";

describe("a function that remembers", () => {
  const make = (): { asked: string[]; ask: (text: string) => string } => {
    const asked: string[] = [];
    const ask = remember(
      (text) => {
        asked.push(text);
        return text.toUpperCase();
      },
      { capacity: 10, maxLength: 5, isKept: (value) => value !== "NO" },
    );
    return { asked, ask };
  };

  it("makes an answer once for a text that keeps coming, whatever comes between", () => {
    const { asked, ask } = make();
    for (let index = 0; index < 100; index++) expect([ask("a"), ask(String(index))]).toEqual(["A", String(index)]);
    expect(asked.filter((text) => text === "a")).toEqual(["a"]);
  });

  it("forgets what has not come for long, and never keeps what is too long or may not be kept", () => {
    const { asked, ask } = make();
    for (const text of ["first", "too long", "too long", "no", "no"]) ask(text);
    for (let index = 0; index < 20; index++) ask(String(index));
    ask("first");
    expect(asked.filter((text) => !/\d/.test(text))).toEqual(["first", "too long", "too long", "no", "no", "first"]);
  });
});
