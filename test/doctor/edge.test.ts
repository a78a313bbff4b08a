/** The edge: the good one has nothing wrong, and each fault is named by the one check that is there for it. */
import { afterEach, describe, expect, it } from "vitest";
import { isLong, nginx } from "../means.ts";
import { EDGE_FAULTS, NGINX_FAULTS } from "./faults/edge-faults.ts";
import { complaintsOf, type Deployment, type Fault, makeGoodDeployment } from "./good-deployment.ts";

/** Where nginx is found, too. */
const WITH_NGINX = { environment: { PATH: "/usr/sbin:/usr/bin:/bin" } };

let deployment: Deployment;
afterEach(() => deployment.remove());

async function expectComplaint({ breakIt, finds, names }: Fault): Promise<void> {
  breakIt(deployment);
  const complaints = await complaintsOf(deployment.options);
  expect(complaints).toEqual([expect.stringMatching(names)]);
  expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
}

describe("an edge that is broken in one way", () => {
  it.each(EDGE_FAULTS)("$name", async (fault) => {
    deployment = makeGoodDeployment(isLong ? WITH_NGINX : {});
    await expectComplaint(fault);
  });
});

describe.skipIf(nginx === undefined)("an edge that nginx itself is asked about [needs nginx]", () => {
  it("is not the good one", async () => {
    deployment = makeGoodDeployment(WITH_NGINX);
    expect(await complaintsOf(deployment.options)).toEqual([]);
  });

  it.each(NGINX_FAULTS)("$name", async (fault) => {
    deployment = makeGoodDeployment(WITH_NGINX);
    await expectComplaint(fault);
  });
});
