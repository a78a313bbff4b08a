/** The checks of the files of a deployment: each fault is named by one check, and by no other. */
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { DEPLOYMENT_FAULTS } from "./faults/deployment-faults.ts";
import { complaintsOf, makeGoodDeployment } from "./good-deployment.ts";

/** What the faults touch. */
const TOUCHED = [
  "deploy/docker-compose.full.yml",
  "deploy/.env",
  "deploy/Dockerfile",
  "deploy/edge/docker-entrypoint.d/16-passerby.envsh",
];

describe("a deployment that is broken in one way", () => {
  const deployment = makeGoodDeployment();
  const good = TOUCHED.map((file) => join(deployment.dir, file)).map((path) => ({
    ...{ path, text: readFileSync(path, "utf8"), mode: statSync(path).mode },
  }));
  afterEach(() => {
    for (const { path, text, mode } of good) {
      writeFileSync(path, text);
      chmodSync(path, mode);
    }
  });
  afterAll(deployment.remove);

  it("is not the good one", async () => {
    expect(await complaintsOf(deployment.options)).toEqual([]);
  });

  it.each(DEPLOYMENT_FAULTS)("$name", async ({ breakIt, finds, names }) => {
    breakIt(deployment);
    const complaints = await complaintsOf(deployment.options);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });
});
