/** Holds that the panel tells the truth about each event of the page, against a real collector and what befalls it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { runCommand } from "../support/command.ts";
import { makeToken, newOwner, openPanel, readEvents, readFact } from "./support/overlaid-pages.ts";
import { type Bench, startBench, type Visitor } from "./support/tracking.ts";

const STORED = "stored in metrics.jsonl";
const FIRST = [`page_view: ${STORED}`, `dev_mode_enabled: ${STORED}`];

/** The machine may have much else to do. */
const PATIENCE = { timeout: 15_000 };

describe.skipIf(chromium === undefined)("the panel [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  const track = ({ page }: Visitor, name: string, metadata = {}): Promise<void> =>
    page.evaluate(([event, facts]) => window.passerby?.track(event, facts), [name, metadata] as const);

  test("shows from the first view on what is stored, and what is refused in the collector's words", async () => {
    const visitor = await newOwner(bench);
    const { page } = visitor;
    await openPanel(visitor);
    await expect.poll(() => readEvents(page), PATIENCE).toEqual(FIRST);
    await track(visitor, "signup", { plan: "pro" });
    await track(visitor, "x".repeat(65));
    await expect
      .poll(() => readEvents(page), PATIENCE)
      .toEqual([...FIRST, `signup: ${STORED}`, `${"x".repeat(65)}: refused /event: must be 1 to 64 characters`]);
    expect(await page.locator("passerby-panel [role=status]").allInnerTexts()).toContain(
      "4 events: 1 refused, 3 stored",
    );
    await page.getByText("signup", { exact: true }).first().click();
    expect(await page.locator("passerby-panel pre:visible").textContent()).toContain('"plan": "pro"');
    await page.getByRole("button", { name: "Clear" }).click();
    expect(await readEvents(page)).toEqual([]);
  });

  test("says that events wait, are tried again after a 503, and then are stored", async () => {
    const visitor = await newOwner(bench);
    const { page, edge } = visitor;
    edge.fail("/api/metrics/event", { status: 503 });
    await openPanel(visitor);
    await expect.poll(() => readEvents(page), PATIENCE).toContain("page_view: retrying 503");
    edge.fail("/api/metrics/event", undefined);
    await expect
      .poll(() => readEvents(page), PATIENCE)
      .toContainEqual(expect.stringMatching(/^page_view: stored in metrics\.jsonl \(sent \d times\)$/));
  });

  test("greys what is sampled out, and says by whose rate", async () => {
    const visitor = await newOwner(bench);
    const { page, edge } = visitor;
    edge.setConfig({ sample_rate: 0.1, u: 60_000 });
    await openPanel(visitor);
    const told = "sampled out the tracker did not send it: see this visitor";
    await expect.poll(() => readEvents(page), PATIENCE).toEqual([`page_view: ${told}`, `dev_mode_enabled: ${told}`]);
    await page.getByText("This visitor is sampled out: the operator's rate keeps 10 % of the visitors.").waitFor();
    expect(await readFact(page, "Sampling")).toBe("10 % of visitors, set by the operator; this visitor is not kept");
    const colour = (selector: string): Promise<string> =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).color);
    expect(await colour("passerby-panel tbody summary")).toBe(await colour("passerby-panel dt"));
    expect(edge.posts()).toEqual([]);
  });

  test("names the brake, and a collector that cannot be reached", async () => {
    const braked = await newOwner(bench);
    braked.edge.setConfig({ enabled: false });
    await openPanel(braked);
    await braked.page.getByText("The brake is on: the operator has stopped all trackers of this site.").waitFor();
    expect(await readFact(braked.page, "Brake")).toBe("on: trackers are told to send nothing");

    const cut = await newOwner(bench);
    cut.edge.fail("/api/metrics", "reset");
    await openPanel(cut);
    await cut.page.getByText(/did not give its config: no answer/).waitFor();
    expect(await readFact(cut.page, "Brake")).toBe("unknown: no answer");
  });

  test("names what the collector takes and does not store", async () => {
    const brake = async (args: string): Promise<void> => {
      const { code, stderr } = await runCommand(["brake", ...args.split(" "), "--data-dir", bench.dataDir]);
      expect([code, stderr]).toEqual([0, ""]);
    };
    const visitor = await newOwner(bench);
    await openPanel(visitor);
    await expect.poll(() => readEvents(visitor.page), PATIENCE).toEqual(FIRST);
    await brake("on --collector");
    await track(visitor, "braked");
    await expect
      .poll(() => readEvents(visitor.page), PATIENCE)
      .toEqual([...FIRST, "braked: dropped brake: the brake is on"]);
    await brake("off --collector");
    await brake("rate 0 --collector");
    await track(visitor, "left_out");
    await expect
      .poll(() => readEvents(visitor.page), PATIENCE)
      .toContainEqual(expect.stringContaining("left_out: sampled out the collector keeps a share"));
    await brake("off --collector");
  });

  test.for([
    ["Global Privacy Control", () => Object.defineProperty(navigator, "globalPrivacyControl", { value: true })],
    ["Do Not Track", () => Object.defineProperty(navigator, "doNotTrack", { value: "1" })],
  ] as const)("asks nothing for a visitor whose browser sends %s, and says so", async ([signal, initScript]) => {
    const visitor = await newOwner(bench, { initScript });
    await openPanel(visitor);
    await visitor.page.getByText(`This browser sends ${signal}. The tracker asks and sends nothing.`).waitFor();
    expect(await readFact(visitor.page, "Snapshot")).toContain("not asked for");
    await visitor.page.getByRole("button", { name: "Send demo events" }).click();
    expect(visitor.edge.seen).toEqual([]);
  });

  test("asks nothing where this browser has opted out, and shows the owner with a token what there is", async () => {
    const visitor = await newOwner(bench, { initScript: () => localStorage.setItem("passerby", "off") });
    const { page } = visitor;
    await openPanel(visitor);
    await page.getByText("This browser has opted out").waitFor();
    expect(await readFact(page, "Snapshot")).toContain("not asked for");
    expect(visitor.edge.seen.filter(({ path }) => path.startsWith("/api/metrics/behavior"))).toEqual([]);
    await page.getByLabel("Overlay token").fill(makeToken(bench).token);
    await page.keyboard.press("Enter");
    await expect.poll(() => readFact(page, "Newest events in memory"), PATIENCE).toMatch(/^\d+$/);
  });

  test("shows names and messages as text, whatever is in them", async () => {
    const visitor = await newOwner(bench);
    const { page } = visitor;
    await openPanel(visitor);
    const hostile = '<img src=x onerror="window.hurt=1"><b>bold</b>';
    await track(visitor, hostile, { html: "</pre><script>window.hurt=1</script>" });
    const { token } = makeToken(bench);
    await page.getByLabel("Overlay token").fill(token);
    await page.keyboard.press("Enter");
    await expect.poll(() => readEvents(page), PATIENCE).toContain(`${hostile}: ${STORED}`);
    await expect.poll(() => page.locator("passerby-panel ol").textContent(), PATIENCE).toContain(hostile);
    expect(await page.locator("passerby-panel :is(img, b, script)").count()).toBe(0);
    expect(await page.evaluate(() => "hurt" in window)).toBe(false);
  });

  test("shows whole events and this visitor's id with a token only, and keeps it to the tab and the header", async () => {
    const visitor = await newOwner(bench);
    const { page, edge } = visitor;
    await openPanel(visitor);
    await track(visitor, "secret_plan");
    const snapshot = page.locator("passerby-panel ol");
    await expect.poll(() => readEvents(page), PATIENCE).toContain(`secret_plan: ${STORED}`);
    await expect.poll(() => snapshot.textContent(), PATIENCE).toContain("(custom)");
    expect(await snapshot.textContent()).not.toContain("secret_plan");
    const { token, revoke } = makeToken(bench);
    await page.getByLabel("Overlay token").fill(token);
    await page.getByRole("button", { name: "Use" }).click();
    await expect.poll(() => snapshot.textContent(), PATIENCE).toContain("secret_plan");
    const id = bench.readLines(visitor.at("")).at(-1)?.["visitor_id"];
    await expect.poll(() => readFact(page, "Visitor id"), PATIENCE).toBe(id);
    expect(edge.seen.filter(({ path }) => path.includes(token))).toEqual([]);
    expect(edge.seen.filter(({ headers }) => headers.authorization === `Bearer ${token}`).length).toBeGreaterThan(0);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(token);
    revoke();
    await expect.poll(() => readFact(page, "Snapshot"), PATIENCE).toContain("401 key_required");
    await page.getByRole("button", { name: "Forget the token" }).click();
    expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain(token);
    await expect.poll(() => snapshot.textContent(), PATIENCE).toContain("(custom)");
  });

  test("sends demo events and copies the last request as a curl command", async () => {
    const visitor = await newOwner(bench);
    const { page, edge, context } = visitor;
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openPanel(visitor);
    await page.getByRole("button", { name: "Send demo events" }).click();
    const demo = ["demo_click", "demo_signup", "demo_purchase"].map((name) => `${name}: ${STORED}`);
    await expect.poll(() => readEvents(page), PATIENCE).toEqual([...FIRST, ...demo]);
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("The last request is in the clipboard.").waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const last = edge.seen.findLast(({ method }) => method === "POST");
    expect(command).toContain(`curl -i '${edge.url}/api/metrics/event?partial=1'`);
    expect(command).toContain(`--data-raw '${last?.body}'`);
  });
});
