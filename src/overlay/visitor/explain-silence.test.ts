/** Holds that the panel says why nothing is sent exactly where nothing is sent, by the same rates as the tracker. */
import { describe, expect, test } from "vitest";
import { explainSilence, writeShare } from "./explain-silence.ts";
import type { PageState } from "./read-page.ts";
import { findSampling } from "./sampling-facts.ts";

const settings = { apiBaseUrl: "https://api.example.com", site: undefined, sampleRate: 0.5 };
const page: PageState = { settings, identity: undefined, objections: [], protocol: "https:" };
const config = { isEnabled: true, sampleRate: undefined, bucket: 20_000 };

describe("why nothing is sent", () => {
  test("is not asked where events leave, nor before the collector has answered", () => {
    expect(explainSilence(page, { value: config })).toEqual([]);
    expect(explainSilence(page, undefined)).toEqual([]);
  });

  test.for([
    ["no tracker", { ...page, settings: undefined }, { value: config }, /has not run/],
    ["a saved copy", { ...page, protocol: "file:" }, { value: config }, /file:/],
    ["an objection", { ...page, objections: ["This browser sends Do Not Track."] }, undefined, /Do Not Track/],
    ["no answer", page, { failure: "no answer" }, /api\.example\.com.*no answer.*ALLOWED_ORIGINS/],
    ["the brake", page, { value: { ...config, isEnabled: false } }, /brake is on/],
    ["the page's rate", page, { value: { ...config, bucket: 40_000 } }, /sampled out: the page's rate keeps 50 %/],
    ["the operator's rate", page, { value: { ...config, sampleRate: 0.1 } }, /the operator's rate keeps 10 %/],
    ["no number", { ...page, settings: { ...settings, sampleRate: Number.NaN } }, { value: config }, /no number/],
  ] as const)("is %s", ([, state, answer, words]) => {
    expect(explainSilence(state, answer)).toEqual([expect.stringMatching(words)]);
  });
});

describe("the sampling of a visitor", () => {
  test("goes by the operator's rate, else the page's, else the default", () => {
    expect(findSampling(page, { ...config, sampleRate: 0.25 })).toEqual({
      rate: 0.25,
      source: "operator",
      isKept: false,
    });
    expect(findSampling(page, config)).toEqual({ rate: 0.5, source: "page", isKept: true });
    const silent = { ...page, settings: { ...settings, sampleRate: 1 } };
    expect(findSampling(silent, undefined)).toEqual({ rate: 1, source: "default", isKept: undefined });
  });

  test("goes by the bucket of the visitor's own id before that of the collector", () => {
    const identity = { visitor_id: "abcdefgh", bucket: 60_000 };
    expect(findSampling({ ...page, identity }, config).isKept).toBe(false);
  });

  test.for([
    [1, "100 %"],
    [0.1, "10 %"],
    [0.015, "1.5 %"],
    [0, "0 %"],
  ] as const)("writes %d as %s", ([share, text]) => {
    expect(writeShare(share)).toBe(text);
  });
});
