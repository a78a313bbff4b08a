/** Holds which forms are reported as sent, by what name, and that nothing written in them is. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly } from "./support/auto-capture.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

const field = '<input name="email" value="canary@example.org"><button>Send</button>';
const FORMS = `
<form id="newsletter" name="letter" action="/subscribe?token=secret">${field}</form>
<form name="contact">${field}</form>
<form class="path" action="/orders/new?token=secret">${field}</form>
<form class="abroad" action="https://forms.example.org/in?token=secret">${field}</form>
<form class="plain">${field}</form>
<form class="mail" action="mailto:canary@example.org">${field}</form>
<form class="clobbered" action="/clobbered"><input name="id"><input name="name"><input name="action">${field}</form>
<form class="dialog" method="dialog">${field}</form>
<form id="required"><input class="missing" required>${field}</form>
<form id="unchecked" novalidate action="/elsewhere"><input class="missing" required>${field}</form>
<form id="own-checks" novalidate><input class="missing" required>${field}</form>
<div class="host"></div>
<script>
  const shadow = document.querySelector(".host").attachShadow({ mode: "open" });
  shadow.innerHTML = '<form id="in-shadow"><button>Send</button></form>';
  const stay = (event) => {
    if (event.target.id !== "unchecked") event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("submit", stay, true);
  shadow.addEventListener("submit", stay);
</script>
<iframe name="elsewhere" hidden></iframe>
<script>for (const form of document.forms) form.target = "elsewhere";</script>`;

const head = captureOnly("form-submit");

describe.skipIf(chromium === undefined)("forms [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("are reported by id, else name, else where they go, by button, by key and by script", async () => {
    const visitor = await bench.newVisitor({ pages: { head, body: FORMS } });
    await expectEvents(visitor, {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#newsletter button");
        await page.press("[name=contact] input", "Enter");
        await page.evaluate(() => document.querySelector<HTMLFormElement>(".path")?.requestSubmit());
        for (const name of ["abroad", "plain", "mail", "clobbered"]) await page.click(`.${name} button`);
        await page.click("#in-shadow button");
        await page.click("#in-shadow button");
      },
      expected: [
        'page_view {"path":"/page"}',
        'form_submit {"form":"newsletter"}',
        'form_submit {"form":"contact"}',
        'form_submit {"form":"/orders/new"}',
        'form_submit {"form":"https://forms.example.org/in"}',
        'form_submit {"form":"/page"}',
        'form_submit {"form":"/page"}',
        'form_submit {"form":"/clobbered"}',
        'form_submit {"form":"in-shadow"}',
        'form_submit {"form":"in-shadow"}',
      ],
      refuted: ['form_submit {"form":"letter"}', 'form_submit {"form":"canary@example.org"}'],
    });
    const sent = visitor.edge.seen.map(({ body }) => body).join();
    expect(sent).not.toMatch(/canary|secret/);
  });

  test("are not reported where a field is not valid and the form therefore not sent, nor for a dialog", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: FORMS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#required button");
        await page.click("#own-checks button");
        await page.click(".dialog button");
        await page.evaluate(() => document.querySelector<HTMLFormElement>("#newsletter")?.reset());
        await page.click("#unchecked button");
        // The timer of the form before was set before this one.
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
      },
      expected: ['page_view {"path":"/page"}', 'form_submit {"form":"unchecked"}'],
      refuted: ['form_submit {"form":"required"}', 'form_submit {"form":"own-checks"}', 'form_submit {"form":"/page"}'],
    });
  });

  test("are not reported where that is turned off", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("declared"), body: FORMS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#newsletter button");
      },
      expected: ['page_view {"path":"/page"}'],
      refuted: ['form_submit {"form":"newsletter"}'],
    });
  });
});
