/** A deployment that runs, seen from outside: the good one gives no complaint, and each fault the one that names it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasEdgeParts, NEED } from "../edge/edge-files.ts";
import { LIVE_FAULTS } from "./faults/live-faults.ts";
import { type LiveDeployment, startLiveDeployment } from "./live/live-deployment.ts";

describe.skipIf(!hasEdgeParts)(`a deployment that runs [needs ${NEED}]`, () => {
  let live: LiveDeployment;
  beforeAll(async () => {
    live = await startLiveDeployment();
  });
  afterAll(() => live?.close());

  it("gives no complaint when it is the good one", async () => {
    expect(await live.examine()).toEqual([]);
  });

  it.each(LIVE_FAULTS)("$name", async ({ change, finds, names }) => {
    const complaints = await live.examine(change);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });
});
