/**
 * Remembers the steps in the life of this page's events, so that the panel, which is loaded later, knows the first ones
 * too. It lies among the hooks of the page: the script that records and the one that shows are built apart.
 */
import { addHooks, findPasserby, type Hooks, type Step } from "../../tracker/hooks.ts";

/** Far more than anybody reads; the oldest are forgotten. */
const MAX_STEPS = 500;

/** A step as the core told of it; `at` is the time in ms since 1970. */
export type RecordedStep = {
  readonly at: number;
  readonly step: Step;
  readonly json: string;
  readonly status: number;
  readonly answer: string;
};

export type StepRecorder = Hooks & {
  readonly steps: RecordedStep[];
  /** Each is called with a step after it has been remembered. */
  readonly listeners: Set<(step: RecordedStep) => void>;
};

/** Returns the recorder of this page, and makes it first if there is none. */
export function recordSteps(): StepRecorder {
  const present = findPasserby().hooks.find(isRecorder);
  if (present) return present;
  const steps: RecordedStep[] = [];
  const listeners: StepRecorder["listeners"] = new Set();
  const onStep: Hooks["onStep"] = (step, json, status = 0, answer = "") => {
    const recorded = { at: Date.now(), step, json, status, answer };
    steps.push(recorded);
    steps.splice(0, steps.length - MAX_STEPS);
    for (const listener of listeners) listener(recorded);
  };
  const recorder = { steps, listeners, onStep };
  addHooks(recorder);
  return recorder;
}

function isRecorder(hooks: Hooks): hooks is StepRecorder {
  return "steps" in hooks;
}
