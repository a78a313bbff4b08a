/** Adds up the numbers of one process or several and renders them as Prometheus text, in a registry made for the scrape. */
import { AggregatorRegistry, prometheusContentType } from "prom-client";
import type { MetricNumbers } from "./take-numbers.ts";

/** Content type of the text (Prometheus text format 0.0.4). */
export const METRICS_CONTENT_TYPE: string = prometheusContentType;

/** Renders the numbers of processes, each as takeNumbers made them. */
export async function renderMetrics(processes: readonly (readonly MetricNumbers[])[]): Promise<string> {
  return AggregatorRegistry.aggregate(processes.map((numbers) => [...numbers])).metrics();
}
