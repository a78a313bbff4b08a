/** The checks of the files of a deployment: each fault is named by one check, and by no other. */
import { afterEach, describe, expect, it } from "vitest";
import { DEPLOYMENT_FAULTS } from "./faults/deployment-faults.ts";
import { complaintsOf, type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
afterEach(() => deployment.remove());

describe("a deployment that is broken in one way", () => {
  it.each(DEPLOYMENT_FAULTS)("$name", async ({ breakIt, finds, names }) => {
    deployment = makeGoodDeployment();
    breakIt(deployment);
    const complaints = await complaintsOf(deployment.options);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });
});
