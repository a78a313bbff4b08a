import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MmdbOptions, makeMmdb } from "../../../test/support/mmdb.ts";
import { createPlaceFinder, type PlaceFinder } from "./find-place.ts";

const folder = mkdtempSync(join(tmpdir(), "passerby-geo-"));

function writeGeo(bytes: Uint8Array): string {
  const path = join(folder, "geo.mmdb");
  writeFileSync(path, bytes);
  return path;
}

function open(networks: Parameters<typeof makeMmdb>[0], options?: MmdbOptions): PlaceFinder {
  return createPlaceFinder(writeGeo(makeMmdb(networks, options)));
}

/** A record as GeoLite2 City and the paid databases of DB-IP lay it out. */
const city = (country: string, ...regions: string[]): Parameters<typeof makeMmdb>[0][string] => ({
  continent: { code: "NA", names: { en: "North America" } },
  country: { geoname_id: 6_252_001, iso_code: country, is_in_european_union: false, names: { en: "Somewhere" } },
  registered_country: { iso_code: "FR" },
  subdivisions: regions.map((region) => ({ iso_code: region, names: { en: "a region" } })),
});

const NETWORKS = {
  "198.51.100.0/24": city("US", "CA"),
  "203.0.113.0/25": city("GB", "ENG", "LND"),
  "203.0.113.128/25": city("DE"),
  "2001:db8:1::/48": city("CH", "ZH"),
};

describe("a geo database", () => {
  const cases = ([4, 6] as const).flatMap((ipVersion) =>
    ([24, 28, 32] as const).map((recordSize) => ({ ipVersion, recordSize })),
  );
  it.each(cases)("with IP version $ipVersion and records of $recordSize bits tells country and region", (options) => {
    const ofVersion = Object.entries(NETWORKS).filter(([network]) => options.ipVersion === 6 || !network.includes(":"));
    const find = open(Object.fromEntries(ofVersion), options);
    expect(find("198.51.100.7")).toEqual({ country: "US", region: "US-CA" });
    expect(find("::ffff:198.51.100.7")).toEqual({ country: "US", region: "US-CA" });
    expect(find("203.0.113.127")).toEqual({ country: "GB", region: "GB-ENG" });
    expect(find("203.0.113.128")).toEqual({ country: "DE" });
    expect(find("203.0.114.1")).toEqual({});
    expect(find("2001:db8:1:2::3")).toEqual(options.ipVersion === 6 ? { country: "CH", region: "CH-ZH" } : {});
    expect(find("2001:db8:2::1")).toEqual({});
  });

  it.each([
    ["GeoLite2 Country and DB-IP Country Lite", { country: { iso_code: "US", names: { en: "United States" } } }, "US"],
    [
      "DB-IP City Lite, whose regions have no code",
      { country: { iso_code: "US" }, subdivisions: [{ names: {} }] },
      "US",
    ],
    ["IPinfo Lite", { country: "United States", country_code: "US", continent_code: "NA" }, "US"],
    ["IPinfo's older free database", { country: "US", country_name: "United States" }, "US"],
    ["IPinfo's location databases", { country_code: "US", region: "California", region_code: "CA" }, "US US-CA"],
    ["a region that names its country", { country_code: "US", region_code: "US-CA" }, "US US-CA"],
    ["a country that the vendor does not know", { country: { iso_code: "ZZ" } }, ""],
    ["a country registered elsewhere only", { registered_country: { iso_code: "FR" } }, ""],
    ["codes that are none", { country: { iso_code: "usa" }, subdivisions: [{ iso_code: "California" }] }, ""],
  ])("in the layout of %s is understood", (_, record, place) => {
    const find = open({ "198.51.100.0/24": record, "203.0.113.0/24": city("DE") });
    const { country = "", region = "" } = find("198.51.100.7");
    expect(`${country} ${region}`.trim()).toBe(place);
  });

  it.each([
    "10.1.2.3",
    "127.0.0.1",
    "169.254.1.1",
    "172.20.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "fe80::1",
  ])("gives a private address no country: %s", (address) => {
    const find = open({
      "::/64": city("US"),
      "0.0.0.0/0": city("US", "CA"),
      "fc00::/6": city("US"),
      "c000::/2": city("US"),
    });
    expect(find("8.0.0.1")).toEqual({ country: "US", region: "US-CA" });
    expect(find(address)).toEqual({});
  });

  it("answers for any text", () => {
    const find = open(NETWORKS);
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => typeof find(text) === "object"));
  });

  it.each([
    ["2001:db8::ff00:42:8329", "one gap"],
    ["2001:db8:0:0:0:ff00:42:8329", "no gap"],
    ["2001:DB8::FF00:42:8329", "capitals"],
    ["2001:db8::ff00:0.66.131.41", "a dotted end"],
  ])("reads the same address in each form: %s (%s)", (address) => {
    const find = open({ "2001:db8::/64": city("FR"), "2001:db8::ff00:42:8329/128": city("CH", "ZH") });
    expect(find(address)).toEqual({ country: "CH", region: "CH-ZH" });
    expect(find("2001:db8::")).toEqual({ country: "FR" });
  });

  it("that is not configured gives no place", () => {
    expect(createPlaceFinder(null)("198.51.100.7")).toEqual({});
  });
});

describe("a geo database that is of no use", () => {
  const good = makeMmdb(NETWORKS);
  const changed = (change: (bytes: Buffer) => Buffer): (() => unknown) => {
    return () => createPlaceFinder(writeGeo(change(Buffer.from(good))));
  };

  it("stops the start with one line where there is none", () => {
    const path = join(folder, "nothing.mmdb");
    expect(() => createPlaceFinder(path)).toThrow(
      /^METRICS_GEO_DATABASE=\S+nothing\.mmdb cannot be read \(ENOENT[^\n]*$/,
    );
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ["is empty", () => Buffer.alloc(0), /is no MMDB file/],
    ["is another kind of file", () => Buffer.from("country,network\nUS,198.51.100.0/24\n"), /is no MMDB file/],
    ["was cut off", (bytes) => bytes.subarray(0, bytes.length - 400), /is no MMDB file or was cut off/],
    ["lost bytes at its start", (bytes) => bytes.subarray(100), /is damaged \(/],
    ["lost bytes within", (bytes) => Buffer.concat([bytes.subarray(0, 200), bytes.subarray(300)]), /is damaged \(/],
    ["points outside itself", (bytes) => bytes.fill(0xff, 0, 7), /its tree points outside the file/],
    ["has zeros for data", (bytes) => bytes.fill(0, good.length - 420, good.length - 300), /is damaged \(|holds no c/],
    ["ends in its metadata", (bytes) => bytes.subarray(0, bytes.length - 20), /is damaged \(/],
    ["holds no countries", () => makeMmdb({ "198.51.100.0/24": { asn: "AS64496" } }), /holds no countries/],
  ])("stops the start with one line where it %s", (_, change, message) => {
    expect(changed(change)).toThrow(message);
    expect(changed(change)).toThrow(/^METRICS_GEO_DATABASE=[^\n]+$/);
  });

  it("is refused or answers for any address, whichever byte is changed", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (place, value) => {
        let find: PlaceFinder;
        try {
          find = createPlaceFinder(writeGeo(Buffer.from(good).fill(value, place, place + 1)));
        } catch (error) {
          expect(String(error)).toMatch(/METRICS_GEO_DATABASE=/);
          return;
        }
        for (const address of ["198.51.100.7", "203.0.113.1", "203.0.113.200", "2001:db8:1::1", "9.9.9.9"]) {
          expect(find(address).country ?? "XX").toMatch(/^[A-Z]{2}$/);
        }
      }),
      { numRuns: 200 },
    );
  });
});
