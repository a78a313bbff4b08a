import { describe, expect, it } from "vitest";
import { readSettings, type SettingSource } from "./config.ts";
import { PasserbyError } from "./errors.ts";

function refusal(...sources: readonly SettingSource[]): string {
  try {
    readSettings(...sources);
  } catch (error) {
    if (error instanceof PasserbyError) return error.message;
  }
  return "accepted";
}

describe("settings", () => {
  it("start with defaults that are safe on loopback", () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      host: "127.0.0.1",
      port: 8001,
      durability: "fsync",
      sampleRate: 1,
      snapshotAccess: "redacted",
    });
    expect(settings.sites).toEqual([{ name: "localhost", hosts: ["localhost"] }]);
  });

  it("take the earlier source", () => {
    expect(readSettings({ PORT: "1" }, { PORT: "2", HOST: "127.0.0.2" })).toMatchObject({ port: 1, host: "127.0.0.2" });
  });

  it("fold www. into one site", () => {
    const settings = readSettings({
      ALLOWED_ORIGINS: "https://example.com,https://www.example.com,https://shop.example.com",
    });
    expect(settings.sites).toEqual([
      { name: "example.com", hosts: ["example.com", "www.example.com"] },
      { name: "shop.example.com", hosts: ["shop.example.com"] },
    ]);
    expect(settings.defaultSite).toBe("example.com");
  });

  it("take null for an origin that makes no site", () => {
    const { allowedOrigins, sites } = readSettings({ ALLOWED_ORIGINS: "https://example.com,null" });
    expect(allowedOrigins).toEqual(["https://example.com", "null"]);
    expect(sites.map(({ name }) => name)).toEqual(["example.com"]);
  });

  it("read sites with their hosts", () => {
    const settings = readSettings({ METRICS_SITES: "example.com=www.example.com|example.com,other.org" });
    expect(settings.sites).toEqual([
      { name: "example.com", hosts: ["www.example.com", "example.com"] },
      { name: "other.org", hosts: ["other.org"] },
    ]);
  });

  it("read the answer to privacy signals, for all sites and for single ones", () => {
    const read = (text: string): unknown =>
      readSettings({ METRICS_SITES: "a.com,b.org", METRICS_PRIVACY_SIGNALS: text }).privacySignals;
    expect(read("")).toEqual({ everywhere: "drop", bySite: [] });
    expect(read("no_id")).toEqual({ everywhere: "no_id", bySite: [] });
    expect(read("b.org=no_id, ignore,a.com=drop")).toEqual({
      everywhere: "ignore",
      bySite: [
        { site: "b.org", answer: "no_id" },
        { site: "a.com", answer: "drop" },
      ],
    });
  });

  it.each([["drop,ignore"], ["a.com=drop,a.com=ignore"], ["a.com"], ["=drop"], ["a.com=drop=drop"], ["no-id"]])(
    "refuse %s as answer to privacy signals",
    (text) => {
      const message = refusal({ METRICS_SITES: "a.com", METRICS_PRIVACY_SIGNALS: text });
      expect(message).toMatch(/^METRICS_PRIVACY_SIGNALS/);
    },
  );

  it.each([
    [
      { METRICS_SITES: "a.com,b.org", METRICS_PRIVACY_SIGNALS: "drop,c.net=ignore" },
      "METRICS_PRIVACY_SIGNALS names c.net=ignore, which is no configured site: give one of a.com, b.org",
    ],
    [{ PORT: "http" }, "PORT=http is not allowed: give a whole number from 0 to 65535"],
    [{ PORT: "65536" }, "PORT=65536 is not allowed: give a whole number from 0 to 65535"],
    [{ METRICS_SAMPLE_RATE: "25%" }, "METRICS_SAMPLE_RATE=25% is not allowed: give a number from 0 to 1"],
    [{ METRICS_SAMPLE_RATE: "1.5" }, "METRICS_SAMPLE_RATE=1.5 is not allowed: give a number from 0 to 1"],
    [{ METRICS_DURABILITY: "none" }, "METRICS_DURABILITY=none is not allowed: give fsync or os"],
    [
      { METRICS_DEFAULT_SITE: "nowhere" },
      "METRICS_DEFAULT_SITE=nowhere is not allowed: give the name of a configured site (localhost)",
    ],
    [
      { TRUSTED_PROXIES: "10.0.0.0/99" },
      "TRUSTED_PROXIES=10.0.0.0/99 is not allowed: give a comma list such as 127.0.0.1,10.0.0.0/8",
    ],
  ])("refuse %j in one line", (source, message) => {
    expect(refusal(source)).toBe(message);
  });

  it.each(["https://a.com/", "https://a.com/path", "a.com", "ftp://a.com", "https://*", "https://a.*.com"])(
    "refuse the origin %s",
    (origin) => {
      expect(refusal({ ALLOWED_ORIGINS: origin })).toContain(`ALLOWED_ORIGINS=${origin} is not allowed`);
    },
  );

  it("need ALLOWED_ORIGINS when others can reach the server", () => {
    expect(refusal({ HOST: "0.0.0.0" })).toContain("ALLOWED_ORIGINS is missing");
    expect(refusal({ HOST: "0.0.0.0", ALLOWED_ORIGINS: "*" })).toContain("ALLOWED_ORIGINS=* is not allowed");
    expect(readSettings({ HOST: "127.0.0.1", ALLOWED_ORIGINS: "*" }).allowedOrigins).toEqual(["*"]);
  });
});
