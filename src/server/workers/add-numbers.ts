/** Keeps what a worker that has ended had counted: a counter that went down would look like a restart of the server. */
import type { MetricNumbers } from "../health/take-numbers.ts";

type Value = MetricNumbers["values"][number];

/** Adds up counters and histograms by their labels, and leaves out what is true of a running process only. */
export function countersOnly(processes: readonly (readonly MetricNumbers[])[]): readonly MetricNumbers[] {
  const sums = new Map<string, MetricNumbers>();
  for (const numbers of processes.flat()) {
    if (numbers.type === "gauge") continue;
    const known = sums.get(numbers.name)?.values ?? [];
    sums.set(numbers.name, { ...numbers, values: addValues(known, numbers.values) });
  }
  return [...sums.values()];
}

function addValues(a: readonly Value[], b: readonly Value[]): readonly Value[] {
  const sums = new Map<string, Value>();
  for (const value of [...a, ...b]) {
    const key = JSON.stringify([value.metricName, value.labels]);
    sums.set(key, { ...value, value: value.value + (sums.get(key)?.value ?? 0) });
  }
  return [...sums.values()];
}
