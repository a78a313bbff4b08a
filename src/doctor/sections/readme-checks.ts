/** Line 5.1: that who reads the README learns of privacy. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Check, type Finding, fail, pass } from "../check.ts";
import type { Given } from "../inputs.ts";

const WORD = "privacy|data protection|datenschutz|vie privée|privacidad";
/** A heading of Markdown, underlined, of HTML or of reStructuredText. */
const HEADING = new RegExp(
  `^(#{1,6} .*(${WORD}).*|.*(${WORD}).*(?=\\n(=|-|~){3,}\\s*$)|.*<h[1-6][^>]*>[^<]*(${WORD}).*)$`,
  "im",
);

async function checkReadme(given: Given): Promise<Finding> {
  const { path } = await given.need("repo");
  const name = readdirSync(path).find((file) => /^readme(\.(md|markdown|rst|txt|adoc))?$/i.test(file));
  if (name === undefined) {
    return fail([{ what: "README", found: "(none)", where: path }], {
      text: "Write a README with a section on privacy.",
    });
  }
  const text = readFileSync(join(path, name), "utf8");
  const match = HEADING.exec(text);
  if (match !== null) {
    const line = text.slice(0, match.index).split("\n").length;
    return pass({ what: "heading", found: match[0].trim(), where: `${name}:${line}` });
  }
  return fail([{ what: "heading on privacy", found: "(none)", where: join(path, name) }], {
    text: "Add a section: what is collected, for how long, what is not, and where visitors can read it and opt out.",
    commands: ["## Privacy"],
  });
}

export const README_CHECKS: readonly Check[] = [
  {
    id: "privacy.readme-section",
    line: "5.1",
    severity: "low",
    asks: "The README has a section on privacy",
    how: "Looks for a heading with the word in the README of the repository.",
    remedy: "Add a section on what is collected, how long, and what is not.",
    needs: ["repo"],
    after: ["version-control.repository-opens"],
    run: checkReadme,
  },
];
