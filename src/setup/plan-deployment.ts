/** What a deployment for one domain is made of: the files of `deploy/` as they are, and those that hold the answers. */
import { globSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { readSettings } from "../config.ts";
import { gatherFacts } from "../notice/notice-facts.ts";
import { plainPage } from "../notice/notice-page.ts";
import { writeNotice } from "../notice/write-notice.ts";
import type { Answers } from "./answers.ts";
import { fillEnvText } from "./env-text.ts";
import type { PlannedFile } from "./planned-files.ts";

export const ENV_PATH = "deploy/.env";
export const SYSTEMD_ENV_PATH = "deploy/passerby.env";
export const COMPOSE_PATH = "deploy/docker-compose.full.yml";
/** Folder of what belongs to the site, not to the collector. */
export const SITE_DIR = "deploy/site";

const SECRET_MODE = 0o600;
const PLAIN_MODE = 0o644;
const SCRIPT_MODE = 0o755;

/** What of `deploy/` is the owner's own, and never copied. */
const OWN = /^(?:\.env|passerby\.env|secrets\/|site\/|nginx\/)/;

/** What git must not see in a folder of its own, whatever is put there later. */
const GITIGNORE = `# What a collector stored, its salts and keys; variables; certificates.
data/
*.jsonl
*.jsonl.*
.env
passerby.env
secrets/
*.pem
`;

/** The files of `deploy/` for another folder than the one they come from; the image is still built from there. */
export function planCopies(source: string, target: string): readonly PlannedFile[] {
  const files = globSync("deploy/**/*", { cwd: source, exclude: (path) => OWN.test(relative("deploy", path)) });
  const hidden = ["deploy/.env.example"];
  const copies = [...files, ...hidden]
    .filter((path) => statSync(join(source, path)).isFile())
    .sort()
    .map((path): PlannedFile => {
      const text = readFileSync(join(source, path), "utf8");
      const isScript = (statSync(join(source, path)).mode & 0o111) !== 0;
      const context = relative(join(target, "deploy"), source);
      const own = path === COMPOSE_PATH ? text.replace("context: ..", () => `context: ${context}`) : text;
      return { path, text: own, mode: isScript ? SCRIPT_MODE : PLAIN_MODE };
    });
  return [...copies, { path: ".gitignore", text: GITIGNORE, mode: PLAIN_MODE }];
}

/** `deploy/.env` for Compose. */
export function planComposeEnv(source: string, answers: Answers): PlannedFile {
  const example = readFileSync(join(source, "deploy/.env.example"), "utf8");
  return {
    path: ENV_PATH,
    text: fillEnvText(example, { EDGE_DOMAIN: answers.domain, ...valuesOf(answers) }),
    mode: SECRET_MODE,
  };
}

/** The variables of the units of systemd. */
export function planSystemdEnv(source: string, answers: Answers): PlannedFile {
  const example = readFileSync(join(source, "deploy/systemd/passerby.env.example"), "utf8");
  return { path: SYSTEMD_ENV_PATH, text: fillEnvText(example, valuesOf(answers)), mode: SECRET_MODE };
}

/** What the site needs: the tag, the privacy page, and variables for a build with Vite. */
export function planSite(answers: Answers, siteName: string): readonly PlannedFile[] {
  const { domain, contact } = answers;
  const settings = readSettings({ HOST: "0.0.0.0", ...valuesOf(answers) });
  const facts = gatherFacts({
    ...{ settings, site: settings.defaultSite, siteName, contact },
    tracker: { identity: "daily", outbox: "session", scripts: [], turnedOff: [], sampleRate: 1, ownEvents: [] },
  });
  const tag = `<script defer src="https://${domain}/passerby-full.js"></script>\n`;
  const variables = `VITE_API_BASE_URL=https://${domain}\nVITE_METRICS_SAMPLE_RATE=1\n`;
  return [
    { path: `${SITE_DIR}/snippet.html`, text: tag, mode: PLAIN_MODE },
    { path: `${SITE_DIR}/privacy.html`, text: plainPage(siteName, writeNotice(facts)), mode: PLAIN_MODE },
    { path: `${SITE_DIR}/.env.production`, text: variables, mode: PLAIN_MODE },
  ];
}

function valuesOf({ origins, retentionDays }: Answers): Readonly<Record<string, string>> {
  return { ALLOWED_ORIGINS: origins.join(","), METRICS_RETENTION_DAYS: String(retentionDays) };
}
