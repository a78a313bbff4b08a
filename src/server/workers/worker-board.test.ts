import { beforeEach, describe, expect, it } from "vitest";
import type { LogStatus } from "../../log/log.ts";
import type { MetricNumbers } from "../health/take-numbers.ts";
import type { WorkerState } from "./messages.ts";
import { WorkerBoard } from "./worker-board.ts";

const STATUS: LogStatus = {
  accepting: true,
  reason: undefined,
  message: undefined,
  queuedBytes: 10,
  file: "metrics.jsonl",
  fileExists: true,
  fileBytes: 100,
  fileDay: "2026-11-24",
  tornLines: 1,
  appendedEvents: 5,
};

function counter(value: number, type: MetricNumbers["type"] = "counter"): MetricNumbers {
  return { name: type, type, help: "", aggregator: "sum", values: [{ labels: { reason: "none" }, value }] };
}

function state(count: number, changes: Partial<LogStatus> = {}): WorkerState {
  const note = { count, kind: "dropped" as const, reason: "bot", subject: null };
  const arrived = { received: 2 * count, stored: count, dropped: { bot: count }, refused: {}, client_lost: 0 };
  return {
    status: { ...STATUS, ...changes },
    numbers: [counter(count), counter(count, "gauge")],
    warnings: ["the disk is slow"],
    arrivals: { "example.com": { ...arrived, notes: [note] } },
  };
}

const sumOf = (numbers: readonly (readonly MetricNumbers[])[], name: string): number =>
  numbers
    .flat()
    .filter((metric) => metric.name === name)
    .reduce((sum, { values }) => sum + (values[0]?.value ?? 0), 0);

let board: WorkerBoard;

beforeEach(() => {
  board = new WorkerBoard("/nowhere", 2);
});

describe("the board of the workers", () => {
  it("accepts nothing until all have spoken, and nothing while one refuses", () => {
    board.note(1, state(1));
    expect(board.status()).toMatchObject({ accepting: false, message: "the workers are starting" });
    board.note(2, state(1));
    expect(board.status()).toMatchObject({ accepting: true, queuedBytes: 20, fileBytes: 200, tornLines: 1 });
    board.note(2, state(1, { accepting: false, reason: "disk_full", message: "the disk is full" }));
    expect(board.status()).toMatchObject({ accepting: false, reason: "disk_full", message: "the disk is full" });
  });

  it("adds up what arrived, with one note for one thing", () => {
    board.note(1, state(1));
    board.note(2, state(10));
    expect(board.arrivals("example.com")).toEqual({
      ...{ received: 22, stored: 11, dropped: { bot: 11 }, refused: {}, client_lost: 0 },
      notes: [{ count: 11, kind: "dropped", reason: "bot", subject: null }],
    });
    expect(board.warnings()).toEqual(["the disk is slow"]);
  });

  it("keeps what a worker had counted when it ends, warns, and goes on accepting", () => {
    board.note(1, state(1));
    board.note(2, state(10));
    board.noteEnd(2);
    expect(board.arrivals("example.com")).toMatchObject({ received: 22, stored: 11 });
    expect([sumOf(board.numbers(), "counter"), sumOf(board.numbers(), "gauge")]).toEqual([11, 1]);
    expect(board.status()).toMatchObject({ accepting: true, fileBytes: 100 });
    expect(board.warnings()).toEqual([expect.stringContaining("worker 2 does not run"), "the disk is slow"]);
    board.note(2, state(0));
    board.note(2, state(3));
    expect(board.arrivals("example.com")).toMatchObject({ received: 28, stored: 14 });
    expect([sumOf(board.numbers(), "counter"), board.warnings().length]).toEqual([14, 1]);
    board.noteEnd(2);
    board.noteEnd(1);
    expect(board.arrivals("example.com")).toMatchObject({ received: 28, stored: 14 });
    expect(board.status()).toMatchObject({ accepting: false });
  });
});
