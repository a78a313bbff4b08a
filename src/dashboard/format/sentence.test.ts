/** Holds how messages of the server become sentences. */
import { expect, it } from "vitest";
import { toSentence } from "./sentence.ts";

it.each([
  ["a run ended", "A run ended."],
  ["the disk is full: make room", "The disk is full: make room."],
  ["shop.example.net: 40 % refused", "shop.example.net: 40 % refused."],
  ["localhost: 40 % refused", "localhost: 40 % refused."],
  ["15 % of it", "15 % of it."],
  ["is it so?", "Is it so?"],
])("makes a sentence of %s", (message, sentence) => {
  expect(toSentence(message)).toBe(sentence);
});
