/** A certificate proven over HTTP: certbot, an authority and nginx, with the scripts of deploy/tls, from the first start on. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../means.ts";
import { findFreePort } from "../support/free-port.ts";
import { type Authorities, type Authority, hasTlsParts, NEED, startAuthorities } from "./authority.ts";
import { startSlowCollector, startTlsEdge, type TlsEdge } from "./tls-edge.ts";
import { type Ended, LOCAL, makePlaces, type Places, type Runner } from "./tls-places.ts";

/** A handshake costs more than a look elsewhere. */
const OFTEN = { interval: 200 };

// The tests are the days of one installation, in their order.
describe.skipIf(!hasTlsParts)(`with port 80 [needs ${NEED}]`, () => {
  let places: Places;
  let authorities: Authorities;
  let staging: Authority;
  let edge: TlsEdge;
  let collector: Awaited<ReturnType<typeof startSlowCollector>>;
  let certbot: Runner;

  const env = (isStaging: string): Readonly<Record<string, string>> => ({
    ...edge.env,
    CERTBOT_STAGING: isStaging,
    CERTBOT_SERVER: authorities.production.directory,
    CERTBOT_STAGING_SERVER: staging.directory,
    CERTBOT_DIR: join(places.folder, "letsencrypt"),
    CERTBOT_WORK_DIR: join(places.folder, "work"),
    REQUESTS_CA_BUNDLE: authorities.bundle,
  });
  const renew = (...args: string[]): Promise<Ended> => places.run(["certificate.sh", ...args], env("0"));
  const checkHealth = (days = "10", isStaging = "0"): Promise<Ended> =>
    places.run(["is-healthy.sh", days], env(isStaging));
  const serial = (): Promise<string> => edge.serial(authorities.production.root);

  beforeAll(async () => {
    places = makePlaces();
    const httpPort = await findFreePort();
    collector = await startSlowCollector();
    authorities = await startAuthorities(places.folder, httpPort);
    staging = await authorities.another();
    edge = await startTlsEdge(places, httpPort, collector.port);
  });
  afterAll(async () => {
    await certbot?.stop();
    await edge?.stop();
    await authorities?.close();
    collector?.close();
    places?.remove();
  });

  it("the edge starts before there is a certificate, with one that nobody trusts", async () => {
    // The name leads nowhere.
    await authorities.names.tell("/set-default-ipv4", { ip: "" });
    certbot = places.start(["run.sh"], env("1"));
    await certbot.says(/stands in until/);
    await expect.poll(serial, OFTEN).toMatch(/SELF_SIGNED/);
    expect(statSync(places.file).mode & 0o777).toBe(0o600);
  });

  it("a challenge that cannot be reached is told with what to check, and tried again later", async () => {
    await certbot.says(/tries again in 15 minutes/);
    await expect.poll(places.sleeps).toEqual([900]);
    expect(certbot.said()).toContain("could not resolve");
    expect(certbot.said()).toMatch(/no certificate for metrics\.test from https:.*A record.*port 80.*CAA.*tls\.md/s);
    expect(await serial()).toMatch(/SELF_SIGNED/);
    const health = await checkHealth();
    expect(health).toEqual({ status: 1, said: expect.stringContaining("self-signed: none could be had yet") });
  });

  it("the next try replaces it, and the edge reads it by itself", async () => {
    await authorities.names.tell("/set-default-ipv4", { ip: LOCAL });
    places.wake();
    await certbot.says(/looks again in/);
    await expect.poll(() => edge.serial(staging.root), OFTEN).toMatch(/^[0-9A-F]+$/);
    await expect.poll(() => places.sleeps().length).toBe(2);
    const [, wait = 0] = places.sleeps();
    expect(wait).toBeGreaterThanOrEqual(11 * 3600);
    expect(wait).toBeLessThan(13 * 3600);
    expect(certbot.said()).toContain("no browser trusts what staging signs");
    const health = await checkHealth("10", "1");
    expect(health).toEqual({ status: 1, said: expect.stringContaining("one of staging: set CERTBOT_STAGING=0") });
    await certbot.stop();
  });

  it("from staging to production there is another certificate at once", async () => {
    expect(await serial()).not.toMatch(/^[0-9A-F]+$/);
    expect(await renew()).toMatchObject({ status: 0 });
    await expect.poll(serial, OFTEN).toMatch(/^[0-9A-F]+$/);
    const health = await checkHealth();
    expect(health).toEqual({ status: 0, said: expect.stringMatching(/^good until .* from issuer=.*Pebble/) });
    // Pebble's are good for five years.
    expect(await checkHealth("2000")).toEqual({ status: 1, said: expect.stringContaining("fewer than 2000 days") });
    expect(statSync(places.file).mode & 0o777).toBe(0o600);
  });

  it.skipIf(!isLong)("one that is not due stays, and a renewal can be rehearsed [needs long]", async () => {
    const before = readFileSync(places.file, "utf8");
    expect(await renew()).toMatchObject({ status: 0, said: expect.stringContaining("not yet due") });
    expect(await renew("--dry-run")).toMatchObject({
      status: 0,
      said: expect.stringContaining("dry run was successful"),
    });
    expect(readFileSync(places.file, "utf8")).toBe(before);
  });

  it("a renewal waits while nginx would refuse its configuration, and then drops no request", async () => {
    const before = await serial();
    const underWay = edge.ask();
    const config = readFileSync(edge.files.config, "utf8");
    writeFileSync(edge.files.config, `${config}\nbroken on;\n`);
    expect(await renew("--force-renewal")).toMatchObject({ status: 0 });
    await edge.says(/has to wait, nginx would refuse its configuration: .*"broken"/);
    expect(await serial()).toBe(before);
    const health = await checkHealth();
    expect(health).toEqual({ status: 1, said: expect.stringContaining("serves an older certificate") });

    writeFileSync(edge.files.config, config);
    await expect.poll(serial, OFTEN).not.toBe(before);
    expect(await serial()).toMatch(/^[0-9A-F]+$/);
    collector.answer();
    expect(await underWay).toBe("200 whole");
  });
});
