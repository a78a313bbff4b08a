/** Commands of compose files as words. */
import { describe, expect, it } from "vitest";
import { commandWords, splitWords, withoutShell } from "./command-words.ts";

describe("a command", () => {
  it.each([
    ["a  b\tc", ["a", "b", "c"]],
    [`run 'two words' "and \\"these\\"" x\\ y`, ["run", "two words", 'and "these"', "x y"]],
    [`--a="b c"d ''`, ["--a=b cd", ""]],
    ["", []],
  ])("%j is parted as a shell parts it", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it("is taken as it is where it is a list", () => {
    expect(commandWords(["a b", 3, null])).toEqual(["a b", "3", ""]);
    expect(commandWords(undefined)).toBeUndefined();
  });

  it("is the last one that a shell runs", () => {
    expect(withoutShell(["/bin/sh", "-ec", "echo hi && exec node x.js rotate"])).toEqual(["node", "x.js", "rotate"]);
    expect(withoutShell(["node", "-c", "x"])).toEqual(["node", "-c", "x"]);
  });
});
