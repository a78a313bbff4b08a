/** Section 2: the variables of the site's build and of the server, and that each reaches what it is for. */
import { type Check, fail, pass } from "../check.ts";
import {
  judgeEnvironmentNames,
  judgeMode,
  judgePlaceholders,
  judgeSecrets,
  judgeUsed,
  masked,
  SETTING_NAMES,
} from "../deployment/judge-variables.ts";
import {
  judgeBaseUrl,
  judgeBundleBaseUrl,
  judgeBundleRate,
  judgeNamesEdge,
  judgeTrackerRate,
} from "../deployment/site-build/judge-site-build.ts";

const READS_ENV = "environment.file-reads";
const READS_COMPOSE = "environment.compose-reads";
const PARSES = "environment.settings-parse";

export const ENVIRONMENT_CHECKS: readonly Check[] = [
  {
    id: "environment.api-base-url",
    line: "2.1",
    severity: "critical",
    asks: "VITE_API_BASE_URL is an address of https on the internet, or a path of the site itself",
    how: "Reads it as Vite does for a production build: the file of variables, then .env, .env.local, .env.production and .env.production.local of each site in the repository.",
    remedy: "Write VITE_API_BASE_URL=https://metrics.example.com where the site is built, and build anew.",
    needs: [],
    may: ["repo", "env"],
    run: judgeBaseUrl,
  },
  {
    id: "environment.api-base-url-names-edge",
    line: "2.1",
    severity: "critical",
    asks: "VITE_API_BASE_URL names the host of the edge",
    how: "Compares its host with --url, or else with EDGE_DOMAIN in the compose file.",
    remedy: "Write the host that the edge answers under, and build anew.",
    needs: [],
    may: ["repo", "env", "compose"],
    after: ["environment.api-base-url"],
    run: judgeNamesEdge,
  },
  {
    id: "environment.bundle-api-base-url",
    line: "2.1",
    severity: "critical",
    asks: "The built site holds the address that VITE_API_BASE_URL has now",
    how: "Searches the scripts in dist/ or build/ of the site for the address, and for addresses of a developer's machine.",
    remedy: "Build the site with the variable set, and deploy that build.",
    needs: ["repo"],
    may: ["env"],
    after: ["environment.api-base-url", "environment.api-base-url-names-edge"],
    run: judgeBundleBaseUrl,
  },
  {
    id: "environment.build-rate",
    line: "2.2",
    severity: "high",
    asks: "VITE_METRICS_SAMPLE_RATE is above 0, at most 1, and not below METRICS_MIN_TRACKER_RATE",
    how: "Reads it as Vite does, and tells what share of visitors is stored with the server's own rate.",
    remedy: "Give a rate that the collector takes; 1 or nothing counts everybody.",
    needs: [],
    may: ["repo", "env", "settings"],
    run: judgeTrackerRate,
  },
  {
    id: "environment.bundle-rate",
    line: "2.2",
    severity: "high",
    asks: "The built site holds the rate that VITE_METRICS_SAMPLE_RATE has now",
    how: "Searches the scripts in dist/ or build/ of the site for the variable with its value.",
    remedy: "Build the site with the variable set, and deploy that build.",
    needs: ["repo"],
    may: ["env"],
    after: ["environment.build-rate", "environment.bundle-api-base-url"],
    run: judgeBundleRate,
  },
  {
    id: "environment.server-rate",
    line: "2.3",
    severity: "critical",
    asks: "METRICS_SAMPLE_RATE stores events",
    how: "Reads it as the collector does.",
    remedy: "Set METRICS_SAMPLE_RATE=1; for a pause there is passerby brake, which ends by itself.",
    needs: ["settings"],
    after: [PARSES],
    run: async (given) => {
      const { settings, whereIs } = await given.need("settings");
      const { sampleRate } = settings;
      const evidence = {
        what: "METRICS_SAMPLE_RATE",
        found: String(sampleRate),
        where: whereIs("METRICS_SAMPLE_RATE"),
      };
      if (sampleRate > 0) return pass(evidence);
      return fail([evidence], {
        text: "At 0 no event is stored. Set METRICS_SAMPLE_RATE=1, or the share that you mean.",
      });
    },
  },
  {
    id: "environment.variables-used",
    line: "2.4",
    severity: "high",
    asks: "Each variable in the file of variables is used",
    how: "Looks for each name in the compose file; without one, among the settings of the collector.",
    remedy: "Correct the name, hand the variable on in the compose file, or take it out.",
    needs: ["env"],
    may: ["compose"],
    after: [READS_ENV, READS_COMPOSE],
    run: judgeUsed,
  },
  {
    id: "environment.names-known",
    line: "2.4",
    severity: "high",
    asks: "Collector, rotator and edge know the variables that the compose file hands them",
    how: "Looks for each name of their environments among the settings of the collector and of the edge.",
    remedy: "Correct the name.",
    needs: ["compose"],
    after: [READS_COMPOSE],
    run: async (given) => judgeEnvironmentNames(await given.need("compose")),
  },
  {
    id: "environment.no-placeholders",
    line: "2.4",
    severity: "high",
    asks: "No example value was left in the file of variables",
    how: "Looks for words such as changeme, your-domain.com and <…>.",
    remedy: "Give your own value.",
    needs: ["env"],
    after: [READS_ENV],
    run: judgePlaceholders,
  },
  {
    id: "environment.file-private",
    line: "2.4",
    severity: "medium",
    asks: "Only its owner can read the file of variables",
    how: "Looks at its mode.",
    remedy: "chmod 0600 the file.",
    needs: ["env"],
    after: [READS_ENV],
    run: judgeMode,
  },
  {
    id: "environment.secrets-as-files",
    line: "2.4",
    severity: "medium",
    asks: "Secrets reach the services as files, not as variables",
    how: "Looks for names such as PASSWORD, TOKEN and PRIVATE_KEY with a value that is no path, and for keys in PEM.",
    remedy: "Put the secret into a file, and hand it on under secrets: in the compose file.",
    needs: ["compose"],
    after: [READS_COMPOSE],
    run: judgeSecrets,
  },
  {
    id: "environment.effective-settings",
    line: "2.4",
    severity: "low",
    asks: "The settings that reach the collector are told",
    how: "Lists each variable that reaches it, with the place where it stands; secrets are masked.",
    remedy: "Change the variable at the place that is named.",
    needs: ["settings"],
    after: [PARSES],
    run: async (given) => {
      const { values, whereIs } = await given.need("settings");
      const own = [...values].filter(([name]) => SETTING_NAMES.includes(name));
      return pass(...own.map(([name, value]) => ({ what: name, found: masked(name, value), where: whereIs(name) })));
    },
  },
];
