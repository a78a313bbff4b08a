/**
 * What does it cost to read and scrub one page view: robot or not, browser and device, source and channel, personal
 * things out? Reference: JSON.parse of the same event. The user agents are 1,000 that differ in their version, so that
 * nothing is answered from one cache line; "remembered" is what a running collector sees nearly always.
 * Run: npm run bench -- read-visit
 */
import { bench, do_not_optimize, run, summary } from "mitata";
import { isBotAgent } from "../src/collector/enrichment/classify.ts";
import { createAgentReader, describeAgent } from "../src/collector/enrichment/enrich.ts";
import { findSource } from "../src/collector/enrichment/source.ts";
import { scrubMetadata, scrubReferrer, scrubText, scrubUrl } from "../src/collector/privacy/scrub.ts";

const event = {
  event: "page_view",
  url: "https://www.example.com/blog/how-to-build-a-better-dashboard",
  referrer: "https://www.google.com/",
  title: "How to build a better dashboard in 2026 | Example",
  metadata: { path: "/blog/how-to-build-a-better-dashboard" },
};
const campaign = `${event.url}?utm_source=newsletter&utm_medium=email&utm_campaign=spring`;
const text = JSON.stringify(event);
const agents = Array.from(
  { length: 1000 },
  (_, index) =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.${index}.0 Safari/537.36`,
);
const read = createAgentReader();
const siteHosts = ["example.com"];
let turn = 0;

function nextAgent(): string {
  turn = (turn + 1) % agents.length;
  return agents[turn] ?? "";
}

function scrubEvent(url: string): number {
  const { redacted } = scrubUrl(url);
  const rest = [scrubReferrer(event.referrer), scrubText(event.title), scrubMetadata(event.metadata)];
  return rest.reduce((sum, scrubbed) => sum + scrubbed.redacted, redacted);
}

if (scrubEvent(campaign) !== 0 || read(nextAgent()).browser !== "Chrome") throw new Error("the answers are wrong");
if (findSource({ url: campaign, siteHosts }).channel !== "Email") throw new Error("the channel is wrong");

summary(() => {
  bench("JSON.parse of the event (reference)", () => do_not_optimize(JSON.parse(text))).baseline(true);
  bench("scrub a page view", () => do_not_optimize(scrubEvent(event.url)));
  bench("scrub a page view of a campaign", () => do_not_optimize(scrubEvent(campaign)));
  bench("robot or not", () => do_not_optimize(isBotAgent(nextAgent())));
  bench("read a user agent", () => do_not_optimize(describeAgent(nextAgent())));
  bench("read a user agent, remembered", () => do_not_optimize(read(nextAgent())));
  bench("find the source, by referrer", () => do_not_optimize(findSource({ ...event, siteHosts })));
  bench("find the source, by tags", () => do_not_optimize(findSource({ url: campaign, siteHosts })));
});

await run();
