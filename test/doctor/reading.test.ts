/** What cannot be read is named, by the one check that is there for it. */
import { afterEach, describe, expect, it } from "vitest";
import { complaintsOf, type Deployment, type Fault, makeGoodDeployment } from "./good-deployment.ts";

const FAULTS: readonly Fault[] = [
  {
    name: "the compose file is no YAML",
    breakIt: ({ patch }) => patch("deploy/docker-compose.full.yml", "services:\n", "services: [\n"),
    finds: "environment.compose-reads",
    names: /docker-compose\.full\.yml:\d+/,
  },
  {
    name: "a } is missing in the configuration of nginx",
    breakIt: ({ patch }) => patch("deploy/edge/nginx.conf", /\}\n$/, "\n"),
    finds: "edge.configuration-reads",
    names: /a \} is missing/,
  },
  {
    name: "METRICS_SAMPLE_RATE is no number",
    breakIt: ({ patch }) => patch("deploy/.env", "METRICS_SAMPLE_RATE=1", "METRICS_SAMPLE_RATE=all"),
    finds: "environment.settings-parse",
    names: /METRICS_SAMPLE_RATE=all/,
  },
];

let deployment: Deployment;
afterEach(() => deployment.remove());

describe("a deployment that cannot be read", () => {
  it("is not the good one", async () => {
    deployment = makeGoodDeployment();
    expect(await complaintsOf(deployment.options)).toEqual([]);
  });

  it.each(FAULTS)("$name", async ({ breakIt, finds, names }) => {
    deployment = makeGoodDeployment();
    breakIt(deployment);
    const complaints = await complaintsOf(deployment.options);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });
});
