/** `--rehearse` on a running system: each lever is pulled and works, and afterwards all is as it was before. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DoctorOptions, openInputs } from "../../src/doctor/inputs.ts";
import { type Result, runChecks } from "../../src/doctor/run-checks.ts";
import { DOMAIN, hasEdgeParts, NEED } from "../edge/edge-files.ts";
import { type EdgeStack, startStack } from "../edge/edge-stack.ts";
import { nginx } from "../means.ts";
import { runCommand } from "../support/command.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";

type Facts = Readonly<Record<string, unknown>>;
type Status = { readonly brakes: readonly Facts[]; readonly edge: Facts; readonly rotator: Facts };

const LEVERS = [
  "rollback.tracker-silenced",
  "rollback.storing-stopped",
  "rollback.edge-refuses",
  "rollback.rotator-paused",
];

describe.skipIf(!hasEdgeParts)(`the rehearsal [needs ${NEED}]`, () => {
  let stack: EdgeStack;
  let files: Deployment;
  let options: DoctorOptions;

  beforeAll(async () => {
    stack = await startStack();
    const { edge, collector } = stack;
    const nginxCommand = join(edge.folder, "nginx-of-test");
    writeFileSync(
      nginxCommand,
      `#!/bin/sh\nexec ${nginx} -c ${edge.config} -e stderr -g 'pid ${edge.folder}/pid;' "$@"\n`,
    );
    chmodSync(nginxCommand, 0o755);
    files = makeGoodDeployment({
      ...{ compose: undefined, env: undefined, nginx: edge.config, dataDir: collector.dataDir, rehearse: true },
      ...{ url: new URL(`https://${DOMAIN}:${edge.httpsPort}`), nginxCommand },
      network: {
        connectTo: new Map([[`${DOMAIN}:${edge.httpsPort}`, { host: "127.0.0.1", port: edge.httpsPort }]]),
        ca: readFileSync(edge.certificate, "utf8"),
      },
    });
    options = files.options;
  });
  afterAll(async () => {
    files?.remove();
    await stack?.close();
  });

  const run = (ids: readonly string[]): Promise<readonly Result[]> =>
    runChecks(openInputs(options), { isAsked: ({ id }) => ids.includes(id) });
  const verdicts = (results: readonly Result[]) =>
    results.filter(({ check }) => LEVERS.includes(check.id)).map(({ check, finding }) => [check.id, finding]);
  const status = async (): Promise<Status> => {
    const folders = ["--data-dir", stack.collector.dataDir, "--edge-dir", join(stack.edge.folder, "etc/passerby")];
    return JSON.parse((await runCommand(["brake", "status", "--json", ...folders])).stdout);
  };

  it("pulls every lever, sees that it works, and puts it back", async () => {
    await runCommand(["brake", "rate", "0.5", "--tracker", "--data-dir", stack.collector.dataDir]);
    const before = await status();
    const passed = { verdict: "pass", evidence: [expect.objectContaining({ found: "worked, and all is as before" })] };
    expect(verdicts(await run(LEVERS))).toEqual(LEVERS.map((id) => [id, passed]));
    const after = await status();
    const positions = ({ brakes, edge, rotator }: Status) => [
      brakes.map(({ target, position, until }) => [target, position, until]),
      edge["position"],
      rotator["position"],
    ];
    expect(positions(after)).toEqual(positions(before));
    expect(readdirSync(join(stack.edge.folder, "etc/passerby/on")).filter((name) => name.endsWith(".conf"))).toEqual(
      [],
    );
  });

  it("leaves a lever alone that somebody holds", async () => {
    await runCommand(["rotate", "--pause", "--data-dir", stack.collector.dataDir]);
    const [, finding] = verdicts(await run(["rollback.rotator-paused"]))[0] ?? [];
    expect(finding).toEqual({ verdict: "skipped", reason: expect.stringContaining("pulled just now") });
    expect((await status()).rotator.position).toBe("paused");
    await runCommand(["rotate", "--resume", "--data-dir", stack.collector.dataDir]);
  });
});
