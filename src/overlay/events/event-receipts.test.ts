/** Holds that each event is told what became of it, and nothing that the answer does not say. */
import { describe, expect, test } from "vitest";
import { readReceipts } from "./event-receipts.ts";

const brief = (count: number, status: number, answer: unknown): readonly string[] =>
  readReceipts(count, status, JSON.stringify(answer)).map(({ name, detail }) => `${name}: ${detail}`);

describe("receipts of a batch", () => {
  test("say stored, with the file and what was blackened", () => {
    const answer = { ok: true, stored: 2, file: "metrics.jsonl", redacted: 3 };
    expect(brief(2, 202, answer)).toEqual(
      new Array(2).fill("stored: in metrics.jsonl, 3 values of the batch [redacted]"),
    );
  });

  test.for([
    ["sampled_out", "sampled out: the collector keeps"],
    ["duplicate", "duplicate: a copy"],
    ["brake", "dropped: brake: the brake is on"],
    ["site_off", "dropped: site_off: the brake is on for this site"],
    ["opted_out", "dropped: opted_out: the browser sent"],
    ["bot", "dropped: bot: this browser"],
    ["a_new_reason", "dropped: a_new_reason"],
  ] as const)("name the reason %s", ([reason, words]) => {
    const [first, second, ...others] = brief(2, 202, { ok: true, stored: 0, file: null, dropped: { [reason]: 2 } });
    expect(first).toContain(words);
    expect([second, others]).toEqual([first, []]);
  });

  test("give the collector's words to the events it refuses, and tell of the others what is certain", () => {
    const answer = {
      ...{ ok: true, stored: 2, file: "metrics.jsonl", refused: { invalid_event: 1 } },
      details: [
        { index: 1, path: "/event", message: "must be 1 to 64 characters" },
        { index: 1, path: "/metadata", message: "has more than 64 keys" },
      ],
    };
    expect(brief(3, 202, answer)).toEqual([
      "stored: in metrics.jsonl",
      "refused: /event: must be 1 to 64 characters; /metadata: has more than 64 keys",
      "stored: in metrics.jsonl",
    ]);
  });

  test("say for the batch what the answer does not say of each event", () => {
    const mixed = { ok: true, stored: 1, file: "metrics.jsonl", dropped: { duplicate: 2 } };
    expect(brief(3, 202, mixed)).toEqual(
      new Array(3).fill("unclear: of this batch of 3: 1 stored, 2 duplicate. The answer does not say which"),
    );
    const cut = {
      ...mixed,
      dropped: {},
      refused: { invalid_event: 2 },
      details: [{ index: 0, path: "", message: "no" }],
    };
    expect(brief(3, 202, cut)).toEqual([
      "refused: no",
      ...new Array(2).fill("unclear: of this batch of 3: 1 stored, 1 refused. The answer does not say which"),
    ]);
  });

  test("do not call stored what does not add up", () => {
    expect(brief(2, 202, { ok: true, stored: 1 })[0]).toContain("unclear");
    expect(brief(2, 202, { ok: true })[0]).toContain("unclear");
    expect(readReceipts(1, 200, "")[0]?.name).toBe("unclear");
  });

  test.for([0, 408, 429, 500, 503])("of status %d say that it is tried again", (status) => {
    const [receipt] = brief(1, status, { ok: false, error: "log_unavailable", message: "the disk is full" });
    const told = status === 0 ? "no answer came" : `${status} log_unavailable: the disk is full`;
    expect(receipt).toBe(`retrying: ${told}`);
  });

  test.for([400, 403, 413, 415])("of status %d are refused", (status) => {
    const details = [{ index: 0, path: "/event", message: "is missing" }];
    const told = brief(2, status, { ok: false, error: "some_code", message: "some words", details });
    expect(told).toEqual(["refused: /event: is missing", `refused: ${status} some_code: some words`]);
  });

  test("live with an answer of any shape", () => {
    for (const text of [
      "",
      "null",
      "[]",
      '{"stored":"1"}',
      '{"stored":1,"details":[null,{"index":"x"}],"dropped":[1]}',
    ]) {
      expect(readReceipts(1, 202, text)).toHaveLength(1);
      expect(readReceipts(0, 202, text)).toEqual([]);
    }
  });
});
