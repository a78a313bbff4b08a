/** Deployments with one fault in the repository, its tests, or what keeps the rotator's output. */
import type { Deployment, Fault } from "../good-deployment.ts";

const EVENT = '{"visitor_id":"a1","event":"page_view","received_at":"2026-11-23T08:00:00.000Z"}\n';
const KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
const EDGE_ENV = "EDGE_DOMAIN=metrics.example.com\n";

/** Writes and commits a file, past .gitignore. */
function commit({ write, git }: Deployment, file: string, text: string): void {
  write(file, text);
  git("add", "--force", file);
  git("commit", "--quiet", `--message=${file}`);
}

function commitAndRemove(deployment: Deployment, file: string, text: string): void {
  commit(deployment, file, text);
  deployment.git("rm", "--quiet", file);
  deployment.git("commit", "--quiet", "--message=gone");
}

export const REPORT_FAULTS: readonly Fault[] = [
  {
    name: "the event log is not ignored",
    breakIt: ({ write }) => write(".gitignore", "node_modules/\n.env\ndeploy/secrets/\n"),
    finds: "version-control.patterns",
    names: /data\/metrics\.jsonl/,
  },
  {
    name: "a later line takes the log in again",
    breakIt: ({ patch }) => patch(".gitignore", /\n$/, "\n!data/\ndata/*\n!data/metrics.jsonl\n"),
    finds: "version-control.patterns",
    names: /not ignored: data\/metrics\.jsonl /,
  },
  {
    name: "only the three patterns of the checklist are there",
    breakIt: ({ write }) =>
      write(
        ".gitignore",
        ".env\ndeploy/secrets/\ndata/metrics*.jsonl\ndata/metrics*.jsonl.gz\ndata/metrics*.jsonl.old\n",
      ),
    finds: "version-control.data-directory-ignored",
    names: /salt-|keys\.json/,
  },
  {
    name: "the data directory has another name, which is not ignored",
    breakIt: ({ write, patch }) => {
      write(".gitignore", "data/\n.env\ndeploy/secrets/\n");
      write("collected/.gitkeep", "");
      patch("deploy/docker-compose.full.yml", /- data:\/data:rw/g, "- ../collected:/data:rw");
    },
    finds: "version-control.patterns",
    names: /collected\/metrics\.jsonl/,
  },
  {
    name: "the file of variables is not ignored",
    breakIt: ({ patch }) => patch(".gitignore", "\n.env\n", "\n/.env\n"),
    finds: "version-control.secrets-ignored",
    names: /deploy\/\.env/,
  },
  {
    name: "the private key is not ignored",
    breakIt: ({ patch }) => patch(".gitignore", "deploy/secrets/\n", ""),
    finds: "version-control.secrets-ignored",
    names: /deploy\/secrets\/privkey\.pem/,
  },
  {
    name: "an event log is tracked",
    breakIt: (deployment) => commit(deployment, "data/metrics-2026-11-23.1.jsonl", EVENT),
    finds: "version-control.data-tracked",
    names: /data\/metrics-2026-11-23\.1\.jsonl/,
  },
  {
    name: "a salt is tracked",
    breakIt: (deployment) => commit(deployment, "old/salt-2026-11-23", "00"),
    finds: "version-control.data-tracked",
    names: /old\/salt-2026-11-23/,
  },
  {
    name: "a private key is tracked",
    breakIt: (deployment) => commit(deployment, "tls/edge.pem", KEY),
    finds: "version-control.secrets-tracked",
    names: /tls\/edge\.pem/,
  },
  {
    name: "variables that are not public are tracked",
    breakIt: (deployment) => commit(deployment, "deploy/.env.local", EDGE_ENV),
    finds: "version-control.secrets-tracked",
    names: /deploy\/\.env\.local/,
  },
  {
    name: "events were committed once, and removed by a later commit",
    breakIt: (deployment) => commitAndRemove(deployment, "data/metrics.jsonl", EVENT),
    finds: "version-control.history",
    names: /data\/metrics\.jsonl [\da-f]{12}/,
  },
  {
    name: "events were committed and removed on a side branch that was merged",
    breakIt: (deployment) => {
      deployment.git("checkout", "--quiet", "-b", "side");
      commitAndRemove(deployment, "data/metrics-2026-11-23.1.jsonl.gz", "gz");
      deployment.git("checkout", "--quiet", "main");
      deployment.git("merge", "--quiet", "--no-ff", "--message=merge", "side");
    },
    finds: "version-control.history",
    names: /metrics-2026-11-23\.1\.jsonl\.gz/,
  },
  {
    name: "a private key was renamed into the repository and taken out again",
    breakIt: (deployment) => {
      commit(deployment, "notes.txt", KEY);
      deployment.git("mv", "notes.txt", "edge.key");
      deployment.git("commit", "--quiet", "--message=moved");
      deployment.git("rm", "--quiet", "edge.key");
      deployment.git("commit", "--quiet", "--message=gone");
    },
    finds: "version-control.history",
    names: /edge\.key/,
  },
  {
    name: "events are tracked under another name",
    breakIt: (deployment) => commit(deployment, "examples/visits.jsonl", EVENT),
    finds: "version-control.events-elsewhere",
    names: /examples\/visits\.jsonl/,
  },
  {
    name: "a copy of the log lies in another folder, neither ignored nor tracked",
    breakIt: ({ write }) => {
      write(".gitignore", "data/\n.env\ndeploy/secrets/\n");
      write("backup/metrics-2026-11-23.1.jsonl.gz", "gz");
    },
    finds: "version-control.status",
    names: /backup\/metrics-2026-11-23\.1\.jsonl\.gz/,
  },
  {
    name: "the README says nothing on privacy",
    breakIt: ({ patch }) => patch("README.md", "## Privacy", "## Visitors"),
    finds: "privacy.readme-section",
    names: /README\.md/,
  },
  {
    name: "package.json has no script test",
    breakIt: ({ patch }) => {
      patch("package.json", '"test": ', '"check": ');
      for (const file of ["ci", "e2e-metrics", "backend-tests", "release"]) {
        patch(`.github/workflows/${file}.yml`, /npm test/g, "make check");
      }
    },
    finds: "tests.script",
    names: /scripts\.test \(none\)/,
  },
  {
    name: "no test drives a browser",
    breakIt: ({ write }) => write("test/browser/tracker-sandbox.test.ts", ""),
    finds: "tests.browser",
    names: /\(none\)/,
  },
  {
    name: "a workflow is missing",
    breakIt: ({ git }) => git("rm", "--quiet", ".github/workflows/public-smoke.yml"),
    finds: "tests.workflows",
    names: /public-smoke\.yml/,
  },
  {
    name: "a workflow is no YAML",
    breakIt: ({ patch }) => patch(".github/workflows/ci.yml", "jobs:\n", "jobs: {\n"),
    finds: "tests.workflows-parse",
    names: /ci\.yml:\d+/,
  },
  {
    name: "a job has no machine to run on",
    breakIt: ({ patch }) => patch(".github/workflows/backend-tests.yml", /^ +runs-on: .*\n/m, ""),
    finds: "tests.workflows-parse",
    names: /no runs-on .*backend-tests\.yml:\d+/,
  },
  {
    name: "a workflow runs a script that the package does not have",
    breakIt: ({ patch }) => patch(".github/workflows/ci.yml", "run: npm test", "run: npm run check"),
    finds: "tests.workflow-commands",
    names: /no script check .*ci\.yml:\d+/,
  },
  {
    name: "a workflow tests a folder that is gone",
    breakIt: ({ patch }) => patch(".github/workflows/e2e-metrics.yml", "-- test/browser", "-- test/e2e"),
    finds: "tests.workflow-commands",
    names: /test\/e2e/,
  },
  {
    name: "an action is named by a tag",
    breakIt: ({ patch }) => patch(".github/workflows/ci.yml", /checkout@[\da-f]{40}/, "checkout@v5"),
    finds: "tests.actions-pinned",
    names: /actions\/checkout@v5 .*ci\.yml:\d+/,
  },
  {
    name: "the rotator's output goes nowhere",
    breakIt: ({ patch }) => patch("deploy/docker-compose.full.yml", /driver: json-file\n.*\n/, "driver: none\n"),
    finds: "health.logs-bounded",
    names: /none .*docker-compose\.full\.yml:\d+/,
  },
  {
    name: "the rotator's output grows without bound",
    breakIt: ({ patch }) => patch("deploy/docker-compose.full.yml", /^ +options: \{ max-size.*\n/m, ""),
    finds: "health.logs-bounded",
    names: /json-file/,
  },
];
