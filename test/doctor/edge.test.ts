/** The edge: the good one has nothing wrong, and each fault is named by the one check that is there for it. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { isLong, nginx } from "../means.ts";
import { brakeFor, EDGE_FAULTS, NGINX_FAULTS } from "./faults/edge-faults.ts";
import { complaintsOf, type Deployment, type Fault, makeGoodDeployment } from "./good-deployment.ts";

const NGINX_PATH = "/usr/sbin:/usr/bin:/bin";

let whole: Deployment;
/** Files that a fault has changed, as they were; undefined for those that were not there. */
const before = new Map<string, string | undefined>();

beforeAll(() => {
  whole = makeGoodDeployment();
});
afterAll(() => whole.remove());
afterEach(() => {
  for (const [file, text] of before) {
    if (text === undefined) rmSync(join(whole.dir, file));
    else whole.write(file, text);
  }
  before.clear();
});

/** The one deployment of these tests: to copy it for each fault takes longer than to put back what one has changed. */
function remembering(): Deployment {
  const remember = (file: string): void => {
    const path = join(whole.dir, file);
    if (!before.has(file)) before.set(file, existsSync(path) ? readFileSync(path, "utf8") : undefined);
  };
  return {
    ...whole,
    patch: (file, from, to) => {
      remember(file);
      whole.patch(file, from, to);
    },
    write: (file, text) => {
      remember(file);
      whole.write(file, text);
    },
  };
}

async function expectComplaint({ breakIt, finds, names }: Fault, isNginxAsked: boolean): Promise<void> {
  breakIt(remembering());
  const { options } = whole;
  const complaints = await complaintsOf(isNginxAsked ? { ...options, environment: { PATH: NGINX_PATH } } : options);
  expect(complaints).toEqual([expect.stringMatching(names)]);
  expect(complaints[0]).toMatch(new RegExp(`^${finds}: `));
}

describe("an edge that is broken in one way", () => {
  it("is not one that listens to IPv6, too", async () => {
    remembering().patch("deploy/edge/docker-entrypoint.d/16-passerby.envsh", "[ -s /proc/net/if_inet6 ]", "true");
    expect(await complaintsOf(whole.options)).toEqual([]);
  });

  it("is not one whose brake has ended, though its file is still there", async () => {
    remembering().write("deploy/edge/passerby/on/brake.conf", brakeFor(-60_000));
    expect(await complaintsOf(whole.options)).toEqual([]);
  });

  it.each(EDGE_FAULTS)("$name", async (fault) => {
    await expectComplaint(fault, isLong && nginx !== undefined);
  });
});

describe("a remedy that changes a file", () => {
  it.each([
    ["limit_req_status 429", "limit_req_status 503", "passerby/limits.conf"],
    ["rate=5r/s", "rate=500r/s", "passerby/limits.conf"],
    ["server_tokens off", "server_tokens on", "passerby/limits.conf"],
    ["error.log alert", "error.log warn", "nginx.conf"],
    ["burst=10 nodelay", "burst=1 nodelay", "templates/passerby.conf.template"],
  ])("gives %s back where it says %s, and changes nothing else", async (right, wrong, name) => {
    const file = `deploy/edge/${name}`;
    const text = readFileSync(join(whole.dir, file), "utf8");
    remembering().patch(file, right, wrong);
    const results = await runChecks(openInputs(whole.options));
    const edits = results.flatMap(({ finding }) => ("remedy" in finding ? (finding.remedy.edits ?? []) : []));
    expect(edits.map(({ path }) => path)).toEqual([join(whole.dir, file)]);
    expect(edits[0]?.after).toBe(text);
  });
});

describe.skipIf(nginx === undefined)("an edge that nginx itself is asked about [needs nginx]", () => {
  it("is not the good one", async () => {
    expect(await complaintsOf({ ...whole.options, environment: { PATH: NGINX_PATH } })).toEqual([]);
  });

  it.each(NGINX_FAULTS)("$name", async (fault) => {
    await expectComplaint(fault, true);
  });
});
