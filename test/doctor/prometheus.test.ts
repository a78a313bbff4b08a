/** Alert rules as a real Prometheus has loaded and evaluated them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ALERT_METRICS } from "../../src/doctor/monitoring/alert-kinds.ts";
import { ruleFileLines } from "../../src/doctor/monitoring/suggested-rules.ts";
import { METRICS } from "../../src/server/health/metric-table.ts";
import { isLong, prometheus } from "../means.ts";
import { findFreePort } from "../support/free-port.ts";
import { complaintsOf, type Deployment, makeGoodDeployment } from "./good-deployment.ts";

const GOOD = ruleFileLines().join("\n");
const UNUSED = "passerby_disk_free_ratio < 0.1";

it("the metrics that rules are judged by are in the table of the server", () => {
  const names = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  expect(Object.values(ALERT_METRICS).filter((name) => !names.has(name))).toEqual([]);
});

describe.skipIf(prometheus === undefined)("alert rules in Prometheus [needs prometheus]", () => {
  let dir: string;
  let child: ChildProcess;
  let url: string;
  let scraped: Server;
  let target: string;
  /** What the target exposes. */
  let exposed = "somebody_else 1\n";
  let deployment: Deployment;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "passerby-prometheus-"));
    scraped = createServer((_, response) => {
      response.end(exposed);
    }).listen(0, "127.0.0.1");
    await once(scraped, "listening");
    const address = scraped.address();
    target = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}/`;
    writeFileSync(join(dir, "rules.yml"), GOOD);
    writeConfig();
    const where = [`--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${join(dir, "data")}`];
    const flags = [`--config.file=${join(dir, "prometheus.yml")}`, "--web.enable-lifecycle", ...where];
    child = spawn(prometheus ?? "", flags, { stdio: "ignore" });
    await vi.waitUntil(isReady, { timeout: 20_000, interval: 20 });
    deployment = makeGoodDeployment({ prometheus: new URL(url) });
  }, 30_000);

  afterAll(async () => {
    deployment.remove();
    scraped.close();
    child.kill("SIGKILL");
    await once(child, "close");
    rmSync(dir, { recursive: true, force: true });
  });

  function writeConfig(
    alerting = 'alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:9"] }] }] }',
  ): void {
    const config = [
      "global: { scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 100ms }",
      `rule_files: ["${join(dir, "rules.yml")}"]`,
      alerting,
      `scrape_configs: [{ job_name: passerby, static_configs: [{ targets: ["${target}"] }] }]`,
    ];
    writeFileSync(join(dir, "prometheus.yml"), config.join("\n"));
  }

  async function isReady(): Promise<boolean> {
    return (await fetch(`${url}-/ready`).catch(() => undefined))?.ok ?? false;
  }

  /** Prometheus begins to scrape 5 s after its start: rules are judged before that, and this one complaint is left out. */
  async function complaintsOnRules(): Promise<readonly string[]> {
    const complaints = await complaintsOf(deployment.options);
    return complaints.filter((line) => !line.startsWith("health.metrics-scraped: "));
  }

  /** Loads rules and waits until each has been evaluated. */
  async function load(rules: string): Promise<void> {
    writeFileSync(join(dir, "rules.yml"), rules);
    const answer = await fetch(`${url}-/reload`, { method: "POST" });
    expect(await answer.text()).toBe("");
    const waits = async (): Promise<string> => (await fetch(`${url}api/v1/rules`)).text();
    await expect.poll(waits, { timeout: 10_000, interval: 20 }).not.toContain('"health":"unknown"');
  }

  it("the rules that we suggest are all that is asked for", async () => {
    await load(GOOD);
    expect(await complaintsOnRules()).toEqual([]);
  });

  const without = (alert: string): string =>
    GOOD.replace(new RegExp(` +- alert: ${alert}\\n(?: {8}.*(?:\\n|$)){4}`), "");

  it.each([
    ["no alert at 80 %", without("PasserbyDiskFillsUp"), "health.alert-disk", /< 0\.1/],
    ["no alert at 90 %", without("PasserbyDiskAlmostFull"), "health.alert-disk", /< 0\.2/],
    ["a disk alert that comes too late", GOOD.replace("< 0.1", "< 0.02"), "health.alert-disk", /< 0\.02/],
    ["no alert on rotation", without("PasserbyRotationFails"), "health.alert-rotation", /\(none\)/],
    [
      "an alert only for a rotator that never ran",
      GOOD.replace(/time\(\).* or /, ""),
      "health.alert-rotation",
      /\(none\)/,
    ],
    ["no alert on 429s", without("PasserbyRefusesForRate"), "health.alert-429", /\(none\)/],
    ["no alert on spikes", without("PasserbyTrafficSpike"), "health.alert-spikes", /\(none\)/],
    [
      "an expression that cannot be evaluated",
      GOOD.replace(UNUSED, `${UNUSED} or count_values("no label", passerby_build_info)`),
      "health.alerts-evaluated",
      /PasserbyDiskAlmostFull invalid label name/,
    ],
  ])("names %s", async (_, rules, id, names) => {
    await load(rules);
    const complaints = await complaintsOnRules();
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${id}: `));
  });

  it.each([
    [
      "a recorded share",
      '{ record: "disk:used", expr: 1 - passerby_disk_free_ratio }',
      "disk:used > 0.8",
      "disk:used > 0.9",
    ],
    ["the level", undefined, "passerby_disk_level >= 1", "passerby_disk_level == 2"],
    [
      "node_exporter's figures",
      undefined,
      "node_filesystem_avail_bytes / node_filesystem_size_bytes * 100 < 25",
      "node_filesystem_avail_bytes / node_filesystem_size_bytes * 100 < 12",
    ],
  ])("takes %s for an alert on the disk", async (_, recorded, first, second) => {
    const text = GOOD.replace("passerby_disk_free_ratio < 0.2", first).replace(
      "passerby_disk_free_ratio < 0.1",
      second,
    );
    await load(recorded === undefined ? text : text.replace("    rules:", `    rules:\n      - ${recorded}`));
    expect(await complaintsOnRules()).toEqual([]);
  });

  it("names an Alertmanager that is missing", async () => {
    writeConfig("");
    await load(GOOD);
    expect(await complaintsOnRules()).toEqual([expect.stringMatching(/^health\.alerts-delivered: .*\(none\)/)]);
    writeConfig();
    await load(GOOD);
  });

  // It takes 5 s: before that Prometheus does not scrape.
  it.skipIf(!isLong)(
    "[needs long] names targets that are not ours, has no fault once one is, and names it when it is down",
    async () => {
      const lists = async (text: string): Promise<boolean> =>
        (await (await fetch(`${url}api/v1/targets`)).text()).includes(text);
      await expect.poll(() => lists('"health":"up"'), { timeout: 10_000, interval: 20 }).toBe(true);
      expect(await complaintsOf(deployment.options)).toEqual([
        expect.stringMatching(/^health\.metrics-scraped: passerby_build_info no target/),
      ]);
      exposed = "passerby_build_info 1\n";
      await expect.poll(() => complaintsOf(deployment.options), { timeout: 10_000, interval: 50 }).toEqual([]);
      scraped.closeAllConnections();
      scraped.close();
      await expect.poll(() => lists('"health":"down"'), { timeout: 10_000, interval: 20 }).toBe(true);
      expect(await complaintsOf(deployment.options)).toEqual([
        expect.stringMatching(/^health\.metrics-scraped: .* down: .*refused/),
      ]);
    },
  );
});
