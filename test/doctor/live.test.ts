/** A deployment that runs, seen from outside: the good one gives no complaint, and each fault the one that names it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasEdgeParts, NEED } from "../edge/edge-files.ts";
import { chromium, isLong } from "../means.ts";
import { HEALTH_FAULTS, PREFLIGHT_FAULTS } from "./faults/live-answer-faults.ts";
import { HEADER_FAULTS, LOAD_FAULTS, TLS_FAULTS } from "./faults/live-edge-faults.ts";
import { LIVE_MUTATIONS } from "./faults/live-mutations.ts";
import { BUNDLE_FAULTS, OVERLAY_FAULTS, PRIVACY_FAULTS } from "./faults/live-site-faults.ts";
import { type LiveDeployment, type LiveFault, startLiveDeployment } from "./live/live-deployment.ts";

const ALL: readonly LiveFault[] = [
  ...[...PREFLIGHT_FAULTS, ...BUNDLE_FAULTS, ...PRIVACY_FAULTS, ...HEALTH_FAULTS],
  ...[...TLS_FAULTS, ...HEADER_FAULTS, ...LOAD_FAULTS],
];
/** Some are other cases of what one beside them stands for. */
const FAULTS = ALL.filter(({ isMore }) => isLong || isMore !== true);

describe.skipIf(!hasEdgeParts)(`a deployment that runs [needs ${NEED}]`, () => {
  let live: LiveDeployment;
  beforeAll(async () => {
    live = await startLiveDeployment();
  });
  afterAll(() => live?.close());

  it("gives no complaint when it is the good one, under load and, where there is one, in a browser", async () => {
    expect(await live.examine({ isWhole: true })).toEqual([]);
  });

  it.each(FAULTS)("$name", async ({ change, finds, names }) => {
    const complaints = await live.examine(change);
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });

  // Each takes seconds.
  const browserFaults = isLong ? OVERLAY_FAULTS : [];
  it.skipIf(chromium === undefined).each(browserFaults)("$name [needs chromium]", async ({ change, finds, names }) => {
    const complaints = await live.examine({ ...change, hasBrowser: true });
    expect(complaints).toEqual([expect.stringMatching(names)]);
    expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
  });

  const mutations = isLong ? LIVE_MUTATIONS : [];
  it.each(mutations)("finds what is broken by rule: $name", async ({ change }) => {
    expect(await live.examine(change)).not.toEqual([]);
  });
});
