/** Holds that the list of this page's events follows what the core tells, step by step. */
import { describe, expect, test } from "vitest";
import { followPageEvents, type PageEvents } from "./page-events.ts";
import type { RecordedStep } from "./step-recorder.ts";

const event = (id: string): object => ({ event: `name-${id}`, event_id: id });
const envelope = (...ids: readonly string[]): string => JSON.stringify({ events: ids.map(event), lost: 0 });
const step = (name: RecordedStep["step"], json: string, rest: Partial<RecordedStep> = {}): RecordedStep => ({
  ...{ at: 1_000, step: name, json, status: 0, answer: "" },
  ...rest,
});
const states = (events: PageEvents): readonly string[] => events.list().map(({ id, state }) => `${id} ${state.name}`);
const STORED = { status: 202, answer: '{"ok":true,"stored":1,"file":"metrics.jsonl"}' };

describe("the events of a page", () => {
  test("are followed from waiting to stored, newest first", () => {
    const events = followPageEvents();
    events.apply(step("queued", JSON.stringify(event("a"))));
    events.apply(step("queued", JSON.stringify(event("b"))));
    expect(states(events)).toEqual(["b waiting", "a waiting"]);
    events.apply(step("answered", envelope("a"), { ...STORED, at: 2_000 }));
    expect(states(events)).toEqual(["b waiting", "a stored"]);
    expect(events.list()[1]).toMatchObject({ name: "name-a", at: 1_000, attempts: 1 });
  });

  test("that a visitor's draw leaves out are sampled out", () => {
    const events = followPageEvents();
    events.apply(step("sampled_out", JSON.stringify([event("a"), event("b")])));
    expect(states(events)).toEqual(["b sampled out", "a sampled out"]);
  });

  test("are retried, counted, and kept in the outbox", () => {
    const events = followPageEvents();
    for (const _attempt of [1, 2]) {
      events.apply(step("answered", envelope("a"), { status: 503 }));
    }
    expect(events.list()[0]).toMatchObject({ attempts: 2, state: { name: "retrying" } });
    events.apply(step("kept", JSON.stringify(JSON.parse(envelope("a")).events)));
    expect(states(events)).toEqual(["a in the outbox"]);
  });

  test("are forgotten on request when nothing more will happen to them", () => {
    const events = followPageEvents();
    events.apply(step("queued", JSON.stringify(event("b"))));
    events.apply(step("answered", envelope("a"), STORED));
    events.clear();
    expect(states(events)).toEqual(["b waiting"]);
  });

  test("are at most 200", () => {
    const events = followPageEvents();
    for (let index = 0; index < 250; index += 1) events.apply(step("queued", JSON.stringify(event(`${index}`))));
    expect(events.list()).toHaveLength(200);
    expect(events.list()[0]?.id).toBe("249");
  });

  test("keep their place in a batch beside what is no event", () => {
    const events = followPageEvents();
    const json = JSON.stringify({ events: [null, event("a")] });
    const details = [{ index: 1, path: "/event", message: "no" }];
    events.apply(step("answered", json, { status: 400, answer: JSON.stringify({ ok: false, details }) }));
    expect(events.list()).toMatchObject([{ id: "a", state: { name: "refused", detail: "/event: no" } }]);
  });

  test.for(["", "null", "3", '{"events":3}', "[[]]"])("are not disturbed by %s", (json) => {
    const events = followPageEvents();
    for (const name of ["queued", "sampled_out", "answered", "kept"] as const) events.apply(step(name, json));
    expect(events.list()).toEqual([]);
  });
});
