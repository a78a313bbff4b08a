/** The guide's way without Docker: Debian's certbot, the hook that it calls, and nginx. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DOMAIN, type EdgePlaces, fillEdge } from "../edge/edge-files.ts";
import { isLong } from "../means.ts";
import { findFreePort } from "../support/free-port.ts";
import { type Authorities, hasTlsParts, NEED, startAuthorities } from "./authority.ts";
import { startTlsEdge, type TlsEdge } from "./tls-edge.ts";
import { makePlaces, makeSelfSigned, type Places, TLS } from "./tls-places.ts";

const guide = readFileSync(new URL("../../docs/guide/tls.md", import.meta.url), "utf8");
const SERIAL = /^[0-9A-F]+$/;

describe.skipIf(!hasTlsParts)(`without Docker [needs ${NEED}]`, () => {
  let places: Places;
  let edge: TlsEdge;
  let httpPort: number;
  let authorities: Authorities | undefined;

  beforeAll(async () => {
    places = makePlaces();
    httpPort = await findFreePort();
    // Of the guide's first certificate.
    makeSelfSigned(DOMAIN, places.file);
    edge = await startTlsEdge(places, httpPort, 1, ["nginx"]);
  });
  afterAll(async () => {
    await edge?.stop();
    await authorities?.close();
    places?.remove();
  });

  it("the hook has nginx read another certificate, unless it would refuse its configuration", async () => {
    const trusting = (): Promise<string> => edge.serial(readFileSync(places.file, "utf8"));
    await expect.poll(trusting).toMatch(SERIAL);
    makeSelfSigned(DOMAIN, places.file);
    places.hand();
    const { config } = edge.files;
    const good = readFileSync(config, "utf8");
    writeFileSync(config, `${good}\nbroken on;\n`);
    const refused = await places.run(["reload-nginx.sh"], {});
    expect(refused).toEqual({ status: 1, said: expect.stringMatching(/"broken".*goes on with the old certificate/s) });
    expect(await trusting()).not.toMatch(SERIAL);

    writeFileSync(config, good);
    expect(await places.run(["reload-nginx.sh"], {})).toMatchObject({ status: 0 });
    await expect.poll(trusting).toMatch(SERIAL);
  });

  it.skipIf(!isLong)(
    "certbot gets one by the guide's command, renews it, and calls the hook [needs long]",
    async () => {
      authorities = await startAuthorities(places.folder, httpPort);
      places.hand();
      const { directory, root } = authorities.production;
      const serial = (): Promise<string> => edge.serial(root);
      const config = join(places.folder, "etc-letsencrypt");
      const dirs = [
        "--config-dir",
        config,
        "--work-dir",
        join(places.folder, "work"),
        "--logs-dir",
        join(config, "logs"),
      ];
      const env = { REQUESTS_CA_BUNDLE: authorities.bundle };
      const [line = ""] = /^certbot certonly --webroot .*-without-email$/m.exec(guide) ?? [];
      const own = line.replace("/var/www/acme", places.acme).replace("metrics.example.com", DOMAIN).split(" ");
      const got = await places.run([...own, "--non-interactive", ...dirs, "--server", directory], env);
      expect(got).toEqual({ status: 0, said: expect.stringContaining("Successfully received certificate") });

      refill(edge.files, httpPort, edge.httpsPort, join(config, `live/${DOMAIN}`));
      await places.run(["nginx", "-s", "reload"], {});
      await expect.poll(serial, { interval: 200 }).toMatch(SERIAL);
      const first = await serial();
      const [, hook = ""] =
        /^install -D --mode=0755 deploy\/tls\/reload-nginx\.sh \/etc\/letsencrypt\/(\S+)$/m.exec(guide) ?? [];
      mkdirSync(dirname(join(config, hook)), { recursive: true });
      copyFileSync(join(TLS, "reload-nginx.sh"), join(config, hook));
      const renewed = await places.run(
        ["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew", ...dirs],
        env,
      );
      expect(renewed).toMatchObject({ status: 0 });
      await expect.poll(serial, { interval: 200 }).not.toBe(first);
      expect(await serial()).toMatch(SERIAL);
    },
  );
});

/** Fills in the edge again, with the certificate where certbot keeps it. */
function refill(files: EdgePlaces, httpPort: number, httpsPort: number, live: string): void {
  const config = readFileSync(files.config, "utf8");
  fillEdge(dirname(files.config), {
    EDGE_DOMAIN: DOMAIN,
    ALLOWED_ORIGINS: "https://example.com",
    EDGE_COLLECTOR: "127.0.0.1:1",
    EDGE_HTTP_PORT: String(httpPort),
    EDGE_HTTPS_PORT: String(httpsPort),
    EDGE_CERTIFICATE: join(live, "fullchain.pem"),
    EDGE_CERTIFICATE_KEY: join(live, "privkey.pem"),
    EDGE_ACME_DIR: join(files.folder, "acme"),
    EDGE_CACHE_DIR: files.folder,
  });
  // The places of its logs, which only a test changes.
  writeFileSync(files.config, config);
}
