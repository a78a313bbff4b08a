/** 11.3 and 11.4: what developers see of the pages that everybody else does not, in a real browser. */
import { type Check, type Evidence, fail, pass, warn } from "../check.ts";
import { InputMissing } from "../input-errors.ts";
import type { Given } from "../inputs.ts";
import { findChromium } from "../probe/find-chromium.ts";
import type { SiteVisit } from "../probe/site-visit.ts";

const NO_BROWSER = "--site on a machine with Chromium (in PATH) and playwright-core";
const LOAD_DEV =
  "Load the overlay on every page: passerby snippet --with dev prints its tag, or call watchDevMode() of passerby-tracker/dev. A content security policy has to allow the script.";
const HOW = "Opens the site in Chromium, once as it is and once with ?dev=1.";

export const OVERLAY_CHECKS: readonly Check[] = [
  {
    id: "after-deployment.panel-shows",
    line: "11.4",
    severity: "low",
    asks: "With ?dev=1 the debug panel shows the events of the page and what became of them",
    how: HOW,
    remedy: LOAD_DEV,
    needs: ["site"],
    run: async (given) => {
      const { visit, where } = await visited(given);
      const { hasPanel, events, errors } = visit.withDev;
      if (!hasPanel)
        return fail([{ what: "panel", found: "(none)", where }, ...errorEvidence(errors, where)], { text: LOAD_DEV });
      if (events.length === 0) {
        const text =
          "The panel is there, and no event is: see that the page starts the tracker, and that no brake is on.";
        return fail([{ what: "events in the panel", found: "(none)", where }, ...errorEvidence(errors, where)], {
          text,
        });
      }
      const evidence = events.map((found) => ({ what: "event in the panel", found, where }));
      const isLost = events.every((event) => /: (?:refused|lost|blocked)/.test(event));
      if (isLost) return fail(evidence, { text: "None of them arrived: the panel says why of each." });
      return pass(...evidence);
    },
  },
  {
    id: "after-deployment.badge-shows",
    line: "11.3",
    severity: "low",
    asks: "With ?dev=1 the badge shows in the page",
    how: HOW,
    remedy: "Put <passerby-badge></passerby-badge> into the navigation of the pages.",
    needs: ["site"],
    after: ["after-deployment.panel-shows"],
    run: async (given) => {
      const { visit, where } = await visited(given);
      const { badge } = visit.withDev;
      if (badge !== undefined) return pass({ what: "badge", found: badge, where });
      return warn([{ what: "badge", found: "(none)", where }], {
        text: "Expected <passerby-badge> in the navigation; the panel is there without it.",
      });
    },
  },
  {
    id: "after-deployment.overlay-hidden",
    line: "11.3",
    severity: "medium",
    asks: "Nobody else sees badge or panel",
    how: HOW,
    remedy:
      "Load the overlay through passerby-dev.js or passerby-tracker/dev, which ask for ?dev=1 first, and not by itself.",
    needs: ["site"],
    run: async (given) => {
      const { visit } = await visited(given);
      const where = (await given.need("site")).url.href;
      const evidence = { what: "badge or panel without ?dev=1", found: visit.isShownToAll ? "shown" : "(none)", where };
      return visit.isShownToAll
        ? fail([evidence], { text: "Expected none: show the overlay in dev mode only." })
        : pass(evidence);
    },
  },
];

async function visited(given: Given): Promise<{ readonly visit: SiteVisit; readonly where: string }> {
  const site = await given.need("site");
  const chromium = findChromium(given.options.environment);
  if (chromium === undefined) throw new InputMissing(NO_BROWSER);
  return { visit: await site.visit(chromium), where: `${site.url.href}?dev=1` };
}

function errorEvidence(errors: readonly string[], where: string): readonly Evidence[] {
  return errors.slice(0, 5).map((found) => ({ what: "console", found, where }));
}
