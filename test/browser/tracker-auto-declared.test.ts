/** Holds what events the HTML declares, when they happen, and when they do not. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { chromium } from "../means.ts";
import { captureOnly } from "./support/auto-capture.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

const ELEMENTS = `
<section data-passerby-event="section">
  <button id="signup" data-passerby-event="signup" data-passerby-plan="pro" data-passerby-plan-name="Pro &amp; more"
    data-other="no"><span id="inner">Sign up</span></button>
  <p id="text">Text</p>
</section>
<a id="link" href="#part" data-passerby-event="opened">Link</a>
<label id="label" data-passerby-event="agreed"><span id="label-text">I agree</span> <input id="box" type="checkbox"></label>
<form id="form" data-passerby-event="ordered" data-passerby-item="map">
  <input id="note" value="canary"><button type="button" id="idle">Idle</button><button id="send">Send</button>
</form>
<button id="disabled" data-passerby-event="disabled" disabled>Disabled</button>
<button id="empty" data-passerby-event="" data-passerby-plan="pro">Empty</button>
<svg width="20" height="20"><rect id="shape" width="20" height="20" data-passerby-event="shape"/></svg>
<div id="host"></div>
<script>
  const shadow = document.querySelector("#host").attachShadow({ mode: "open" });
  shadow.innerHTML = '<button id="shadow" data-passerby-event="in_shadow">Shadow</button>' +
    '<form data-passerby-event="shadow_form"><button id="shadow-send">Send</button></form>';
  for (const node of [document, shadow]) node.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => event.stopImmediatePropagation(), true);
</script>`;

const head = captureOnly("declared");

describe.skipIf(chromium === undefined)("declared events [needs chromium]", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench?.close());

  test("happen on a click, by mouse, key or script, on the innermost element that declares one", async () => {
    const signup = 'signup {"plan":"pro","plan_name":"Pro & more"}';
    await expectEvents(await bench.newVisitor({ pages: { head, body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#inner");
        await page.press("#signup", "Enter");
        await page.press("#signup", "Space");
        await page.evaluate(() => document.querySelector<HTMLElement>("#signup")?.click());
        await page.click("#text");
        await page.click("#link");
        await page.click("#shape");
        await page.click("#shadow");
      },
      expected: [
        'page_view {"path":"/page"}',
        ...[signup, signup, signup, signup],
        "section {}",
        "opened {}",
        "shape {}",
        "in_shadow {}",
      ],
      refuted: ['signup {"plan":"pro"}'],
    });
  });

  test("happen once on a label, whether its text is clicked or what it labels", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#label-text");
        await page.evaluate(() => window.passerby?.track("between"));
        await page.click("#box");
      },
      expected: ['page_view {"path":"/page"}', "agreed {}", "between {}", "agreed {}"],
      refuted: [],
    });
  });

  test("happen as a form is sent, not as somebody clicks in it", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#note");
        await page.click("#idle");
        await page.click("#send");
        await page.press("#note", "Enter");
        await page.click("#shadow-send");
      },
      expected: ['page_view {"path":"/page"}', 'ordered {"item":"map"}', 'ordered {"item":"map"}', "shadow_form {}"],
      refuted: [],
    });
  });

  test("happen on elements that came later, and no longer on ones that lost their declaration", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.evaluate(() => {
          document.querySelector("#link")?.removeAttribute("data-passerby-event");
          document.body.insertAdjacentHTML("beforeend", '<button id="late" data-passerby-event="late">Late</button>');
        });
        await page.click("#late");
        await page.click("#link");
      },
      expected: ['page_view {"path":"/page"}', "late {}"],
      refuted: ["opened {}"],
    });
  });

  test("do not happen by other buttons, on what is disabled, or without a name", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head, body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#signup", { button: "right" });
        await page.click("#signup", { button: "middle" });
        await page.click("#disabled", { force: true });
        await page.click("#empty");
      },
      expected: ['page_view {"path":"/page"}'],
      refuted: ["disabled {}", ' {"plan":"pro"}', "section {}"],
    });
  });

  test("do not happen where that is turned off", async () => {
    await expectEvents(await bench.newVisitor({ pages: { head: captureOnly("link-click"), body: ELEMENTS } }), {
      action: async ({ page, at }) => {
        await page.goto(at("/page"));
        await page.click("#signup");
        await page.click("#send");
      },
      expected: ['page_view {"path":"/page"}'],
      refuted: ['ordered {"item":"map"}'],
    });
  });
});
