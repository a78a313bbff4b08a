/** The scripts of deploy/tls by themselves: what they refuse, how they wait, and what shellcheck says. */
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openssl, shellcheck } from "../means.ts";
import { makePlaces, makeSelfSigned, type Places, TLS } from "./tls-places.ts";

const SCRIPTS = globSync("*.sh", { cwd: TLS }).sort();

let places: Places;
beforeEach(() => {
  places = makePlaces();
});
afterEach(() => places.remove());

describe("each script", () => {
  it("may be run by anybody", () => {
    expect(SCRIPTS).toHaveLength(7);
    expect(SCRIPTS.filter((name) => (statSync(join(TLS, name)).mode & 0o555) !== 0o555)).toEqual([]);
  });

  it.skipIf(shellcheck === undefined)("is one that shellcheck has nothing against [needs shellcheck]", () => {
    const { status, stdout } = spawnSync(shellcheck ?? "", ["--shell=sh", ...SCRIPTS], { cwd: TLS, encoding: "utf8" });
    expect([status, stdout]).toEqual([0, ""]);
  });
});

describe.skipIf(openssl === undefined)("self-signed.sh [needs openssl]", () => {
  it("makes key and certificate in one file, for every name, and leaves nothing else", () => {
    makeSelfSigned("localhost metrics.test", places.file, 30);
    const read = (...args: string[]): string =>
      execFileSync("openssl", [...args, "-in", places.file, "-noout"], { encoding: "utf8" });
    expect(read("x509", "-ext", "subjectAltName")).toContain("DNS:localhost, DNS:metrics.test");
    expect(read("x509", "-checkend", String(29 * 86_400))).toContain("will not expire");
    expect(read("pkey")).toBe("");
    expect(statSync(places.file).mode & 0o777).toBe(0o600);
    expect(globSync("*", { cwd: join(places.folder, "certificate") })).toEqual(["edge.pem"]);
  });

  it("says what openssl says when it cannot", () => {
    expect(() => makeSelfSigned("localhost", join(places.folder, "none/edge.pem"))).toThrow(/could be made: .*none/s);
  });
});

describe("certificate.sh", () => {
  const env = (): Readonly<Record<string, string>> => ({
    EDGE_DOMAIN: "metrics.test",
    EDGE_CERTIFICATE: places.file,
    EDGE_ACME_DIR: places.acme,
    // Nobody listens there.
    EDGE_URL: "http://127.0.0.1:1",
  });

  it.each([
    [{ EDGE_DOMAIN: "" }, "EDGE_DOMAIN: is missing"],
    [{ CERTBOT_CHALLENGE: "dns" }, "CERTBOT_CHALLENGE=dns is neither http nor cloudflare"],
    [{ CERTBOT_DOMAINS: "*.metrics.test" }, "a wildcard (*.metrics.test) needs CERTBOT_CHALLENGE=cloudflare"],
    [{ CERTBOT_CHALLENGE: "cloudflare" }, "/run/secrets/cloudflare has no line dns_cloudflare_api_token"],
  ])("refuses %j and asks no authority", async (more, message) => {
    const { status, said } = await places.run(["certificate.sh"], { ...env(), ...more });
    expect(status).not.toBe(0);
    expect(said).toContain(message);
    expect(globSync("*", { cwd: join(places.folder, "letsencrypt") })).toEqual([]);
  });

  it("asks no authority while the edge does not hand out the answer", async () => {
    const { status, said } = await places.run(["certificate.sh"], env());
    expect([status, said]).toEqual([1, expect.stringContaining("the edge does not hand out the answer")]);
    expect(said).toContain("Nothing was asked of https://acme-v02.api.letsencrypt.org/directory");
  });
});

describe("run.sh", () => {
  it("tries ever more slowly, and never less than twice a day", async () => {
    writeFileSync(places.file, "");
    const runner = places.start(["run.sh"], {
      EDGE_DOMAIN: "metrics.test",
      EDGE_CERTIFICATE: places.file,
      CERTBOT_CHALLENGE: "none",
    });
    const expected = [900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 43_200];
    for (const [index] of expected.entries()) {
      await expect.poll(() => places.sleeps().length).toBe(index + 1);
      places.wake();
    }
    await runner.says(/tries again in 720 minutes/);
    expect(places.sleeps().slice(0, expected.length)).toEqual(expected);
    await runner.stop();
  });
});

describe("wait-for-certificate.sh", () => {
  it("gives up where no certificate comes, so that the container is started anew", async () => {
    mkdirSync(join(places.folder, "quick"));
    writeFileSync(join(places.folder, "quick/sleep"), "#!/bin/sh\n", { mode: 0o755 });
    const env = { EDGE_CERTIFICATE: places.file, PATH: `${places.folder}/app:${places.folder}/quick:/usr/bin:/bin` };
    const { status, said } = await places.run(["wait-for-certificate.sh"], env);
    expect([status, said]).toEqual([1, expect.stringContaining("see the log of certbot")]);
  });
});
