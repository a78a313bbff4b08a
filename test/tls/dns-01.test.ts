/** A certificate proven by a record in Cloudflare's DNS: certbot, its plugin and an authority, with the guide's credentials. */
import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Authorities, hasTlsParts, NEED, startAuthorities } from "./authority.ts";
import { type CloudflareApi, startCloudflare } from "./cloudflare-api.ts";
import { type Ended, type Env, makePlaces, type Places } from "./tls-places.ts";

const TOKEN = "canary-0123456789abcdefghijklmnopqrstuv";
const ZONE = "site.test";

/** The credentials file of the guide, with a token of our own. */
function guideCredentials(): string {
  const guide = readFileSync(new URL("../../docs/guide/tls.md", import.meta.url), "utf8");
  const [, line = ""] = /^(dns_cloudflare_api_token = \S+)$/m.exec(guide) ?? [];
  return `${line.replace(/\S+$/, TOKEN)}\n`;
}

/** The command of the guide for a machine without Docker, with a name and a folder of our own. */
function guideCommand(credentials: string, folder: string): readonly string[] {
  const guide = readFileSync(new URL("../../docs/guide/tls.md", import.meta.url), "utf8");
  const [line = ""] = /^certbot certonly --dns-cloudflare .*$/m.exec(guide) ?? [];
  const own = line
    .replace("/etc/letsencrypt/cloudflare.ini", credentials)
    .replace("metrics.example.com", `metrics.${ZONE}`)
    .replace("--dns-cloudflare-propagation-seconds 30", "--dns-cloudflare-propagation-seconds 0");
  const dirs = ["config", "work", "logs"].flatMap((name) => [`--${name}-dir`, join(folder, "debian", name)]);
  return [...own.split(" "), "--non-interactive", ...dirs];
}

describe.skipIf(!hasTlsParts)(`with Cloudflare [needs ${NEED}]`, () => {
  let places: Places;
  let authorities: Authorities;
  let api: CloudflareApi;
  let credentials: string;

  const plain = (): Env => ({ REQUESTS_CA_BUNDLE: authorities.bundle, CLOUDFLARE_API_URL: api.url });
  const get = (env: Env = {}): Promise<Ended> =>
    places.run(["certificate.sh"], {
      ...plain(),
      EDGE_DOMAIN: `metrics.${ZONE}`,
      EDGE_CERTIFICATE: places.file,
      CERTBOT_DOMAINS: `${ZONE} *.${ZONE}`,
      CERTBOT_CHALLENGE: "cloudflare",
      CERTBOT_SERVER: authorities.production.directory,
      CERTBOT_DIR: join(places.folder, "letsencrypt"),
      CERTBOT_WORK_DIR: join(places.folder, "work"),
      CLOUDFLARE_CREDENTIALS: credentials,
      CLOUDFLARE_SECONDS: "0",
      ...env,
    });

  beforeAll(async () => {
    places = makePlaces();
    authorities = await startAuthorities(places.folder, 1);
    api = await startCloudflare(authorities.names, ZONE, TOKEN);
    credentials = join(places.folder, "cloudflare.ini");
    writeFileSync(credentials, guideCredentials());
    chmodSync(credentials, 0o600);
    places.hand();
  });
  afterAll(async () => {
    api?.close();
    await authorities?.close();
    places?.remove();
  });

  it("gets one for a name and all below it, and another without Docker; no record stays", async () => {
    const command = [...guideCommand(credentials, places.folder), "--server", authorities.production.directory];
    const [{ status, said }, alone] = await Promise.all([get(), places.run(command, plain())]);
    expect([status, said]).toEqual([0, expect.stringContaining("the edge has a new certificate")]);
    expect(alone).toEqual({ status: 0, said: expect.stringContaining("Successfully received certificate") });
    const args = ["x509", "-in", places.file, "-noout", "-ext", "subjectAltName"];
    expect(execFileSync("openssl", args, { encoding: "utf8" })).toMatch(/DNS:site\.test, DNS:\*\.site\.test/);
    const count = (call: RegExp): number => api.calls.filter((made) => call.test(made)).length;
    expect(count(/^POST .*dns_records$/)).toBe(3);
    expect(count(/^DELETE .*dns_records/)).toBe(3);
  });

  it("says what to check when the token is refused", async () => {
    writeFileSync(credentials, readFileSync(credentials, "utf8").replace(TOKEN, `${TOKEN}-old`));
    const { status, said } = await get({ CERTBOT_DOMAINS: `other.${ZONE}` });
    expect([status, said]).toEqual([1, expect.stringContaining("does the token have Zone:DNS:Edit for this zone")]);
    expect(said).toContain("9109");
    expect(said).not.toContain(TOKEN);
  });

  it("keeps the token out of everything that is written", () => {
    const folders = ["letsencrypt", "work", "debian"].map((name) => join(places.folder, name));
    const files = folders.flatMap((path) =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    expect(files.some((path) => path.endsWith("letsencrypt.log"))).toBe(true);
    expect(files.filter((path) => readFileSync(path, "utf8").includes("canary"))).toEqual([]);
  });
});
