/** 5.1 to 5.3: that visitors are told what is collected, and that what they are told is so. */
import { type Check, type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import { InputMissing } from "../input-errors.ts";
import type { Given } from "../inputs.ts";
import { findChromium } from "../probe/find-chromium.ts";
import { findPrivacyLink, isPrivacyLink, type PrivacyPage } from "../probe/site-privacy-page.ts";

const WRITE_PAGE = "passerby privacy-page writes it from the settings in force: docs/guide/privacy.md.";

export const PRIVACY_CHECKS: readonly Check[] = [
  {
    id: "privacy.page-found",
    line: "5.2",
    severity: "high",
    asks: "There is a privacy page, and it answers",
    how: "Follows the link of the first page that speaks of privacy, or tries /privacy.html.",
    remedy: `Put up a page. ${WRITE_PAGE}`,
    needs: ["site"],
    run: async (given) => {
      const site = await given.need("site");
      const page = await site.privacyPage();
      if (page === undefined) {
        return fail([{ what: "GET /privacy.html", found: "not found", where: site.url.href }], {
          text: `Expected a page. ${WRITE_PAGE}`,
        });
      }
      const evidence = { what: "status", found: `${page.answer.status}`, where: `GET ${page.url.href}` };
      if (page.answer.status === 200) return pass(evidence, ...linkEvidence(page));
      return fail([evidence, ...linkEvidence(page)], { text: "Expected 200: the link leads nowhere." });
    },
  },
  {
    id: "privacy.footer-link",
    line: "5.3",
    severity: "medium",
    asks: "The footer of the site links to the privacy page",
    how: "Looks for a visible link in the footer in Chromium where it is there, and in the HTML otherwise.",
    remedy: 'Put <a href="/privacy.html">Privacy</a> into the footer of every page.',
    needs: ["site"],
    after: ["privacy.page-found"],
    run: judgeFooter,
  },
];

async function judgeFooter(given: Given): Promise<Finding> {
  const site = await given.need("site");
  const chromium = findChromium(given.options.environment);
  const visited = chromium === undefined ? undefined : await site.visit(chromium).catch(noBrowser);
  const found = visited?.links.filter((link) => link.isVisible && isPrivacyLink(link)) ?? [];
  const link =
    visited === undefined ? findPrivacyLink(site.page.body) : (found.find((one) => one.isInFooter) ?? found[0]);
  const where = `${site.url.href} ${visited === undefined ? "(by its HTML)" : "(in Chromium)"}`;
  if (link === undefined)
    return fail([{ what: "link to the privacy page", found: "(none)", where }], {
      text: "Expected one in the footer.",
    });
  const evidence: Evidence = { what: "link", found: `${link.text}: ${link.href}`, where };
  if (link.isInFooter) return pass(evidence);
  return warn([evidence, { what: "its place", found: "not in a footer", where }], {
    text: "Expected it in the footer, where visitors look for it.",
  });
}

/** Without its library there is no browser to ask; the HTML is. */
function noBrowser(error: unknown): undefined {
  if (error instanceof InputMissing) return undefined;
  throw error;
}

function linkEvidence({ link, url }: PrivacyPage): readonly Evidence[] {
  return link === undefined ? [] : [{ what: "link", found: `${link.text}: ${link.href}`, where: url.origin }];
}
