/** That what the doctor was given can be read: without it the checks that need it are skipped, and these say why. */
import { type Check, pass } from "../check.ts";
import type { Given, InputName } from "../inputs.ts";

type Reading = Pick<Check, "id" | "line" | "asks" | "how" | "remedy"> & {
  readonly judges: InputName;
  readonly after?: readonly string[];
  readonly found: (given: Given) => Promise<{ readonly what: string; readonly found: string; readonly where: string }>;
};

const READINGS: readonly Reading[] = [
  {
    id: "environment.file-reads",
    line: "2.4",
    asks: "The environment file can be read",
    how: "Reads it as Compose does.",
    remedy: "Give the right path with --env; each line is NAME=value.",
    judges: "env",
    found: async (given) => {
      const env = await given.need("env");
      return { what: "variables", found: String(env.values.size), where: env.path };
    },
  },
  {
    id: "environment.compose-reads",
    line: "2.4",
    asks: "The compose file can be read",
    how: "Reads it as YAML, with merge keys, and puts the variables in.",
    remedy: "Mend the line that is named; docker compose config says the same.",
    judges: "compose",
    found: async (given) => {
      const compose = await given.need("compose");
      return { what: "services", found: compose.services.join(", "), where: compose.path };
    },
  },
  {
    id: "environment.settings-parse",
    line: "2.4",
    asks: "Each setting of the collector is one that it accepts",
    how: "Reads the variables that reach the collector as passerby start does.",
    remedy:
      "Give the variable a value that is allowed (docs/reference/settings.md); the collector does not start with this one.",
    judges: "settings",
    after: ["environment.file-reads", "environment.compose-reads"],
    found: async (given) => {
      const { values, whereIs } = await given.need("settings");
      return {
        what: "ALLOWED_ORIGINS",
        found: values.get("ALLOWED_ORIGINS") ?? "(none)",
        where: whereIs("ALLOWED_ORIGINS"),
      };
    },
  },
  {
    id: "edge.configuration-reads",
    line: "3.1",
    asks: "The configuration of nginx can be read",
    how: "Follows its includes and reads every directive.",
    remedy: "Mend the line that is named; nginx -t says the same.",
    judges: "nginx",
    // Templates are filled with these, and told of by the checks of the variables themselves.
    after: ["cors.origins-set", "cors.origins-parse", "cors.no-wildcard", "environment.variables-given"],
    found: async (given) => {
      const nginx = await given.need("nginx");
      return { what: "files", found: String(nginx.files.length), where: nginx.path };
    },
  },
  {
    id: "version-control.repository-opens",
    line: "6.3",
    asks: "There is a repository",
    how: "Asks git.",
    remedy: "Give the folder of the repository with --repo.",
    judges: "repo",
    found: async (given) => {
      const { path } = await given.need("repo");
      return { what: "repository", found: "found", where: path };
    },
  },
  {
    id: "rotation.data-directory-opens",
    line: "4.2",
    asks: "The data directory is there",
    how: "Opens it.",
    remedy: "Give the collector's data directory with --data-dir, and run doctor as a user who may read it.",
    judges: "data_dir",
    found: async (given) => {
      const { path } = await given.need("data_dir");
      return { what: "folder", found: "found", where: path };
    },
  },
  {
    id: "health.collector-answers",
    line: "7.3",
    asks: "Somebody answers at the collector's address",
    how: "GET /api/metrics/health.",
    remedy:
      "See that DNS leads here, that nginx and collector run, that the firewall lets 443 in, and that the certificate is trusted.",
    judges: "live",
    after: ["security.certificate-trusted"],
    found: async (given) => {
      const { url, health } = await given.need("live");
      return { what: "GET /api/metrics/health", found: String(health.status), where: url.href };
    },
  },
  {
    id: "privacy.site-answers",
    line: "5.2",
    asks: "The site answers",
    how: "GET of its first page.",
    remedy: "Give the address of a page of the site with --site.",
    judges: "site",
    found: async (given) => {
      const { url, page } = await given.need("site");
      return { what: "first page", found: String(page.status), where: url.href };
    },
  },
];

/** One check an input. */
export const READING_CHECKS: readonly Check[] = READINGS.map(({ found, judges, ...rest }) => ({
  ...rest,
  severity: "critical",
  needs: [judges],
  judges,
  run: async (given) => pass(await found(given)),
}));
