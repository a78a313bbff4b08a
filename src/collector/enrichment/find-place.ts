/**
 * Finds the country and region of an address in a geo database; it promises an answer for any text, and keeps no address:
 * what it remembers are places, by the number of their record in the file.
 */
import { isRecord } from "../intake/decode.ts";
import { geoRefusal, openGeoFile } from "./geo-file.ts";

/** `country`: ISO 3166-1 alpha-2, `US`. `region`: ISO 3166-2 with its country, `US-CA`. What is not known is absent. */
export type Place = { readonly country?: string; readonly region?: string };

/** Finds where an address is; an empty place for a private, unknown or unreadable one. */
export type PlaceFinder = (address: string) => Place;

const NOWHERE: Place = {};

/** Places kept, in 10 MB at most: decoding the record of a city with its names takes 30 µs, finding its number 1 µs. */
const PLACES = 65_536;

/** Loopback, link-local, private (RFC 1918, RFC 4193) and carrier networks (RFC 6598): nobody's country. */
const PRIVATE =
  /^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i;

/**
 * Opens a geo database; without one no place is ever known. Throws `setting_invalid` for a file that is missing, damaged
 * or without countries.
 */
export function createPlaceFinder(path: string | null): PlaceFinder {
  if (path === null) return () => NOWHERE;
  const { recordOf, read, samples } = openGeoFile(path);
  if (!samples.some((address) => placeOf(read(address)).country !== undefined)) {
    throw geoRefusal(path, "holds no countries: give a country or city database in MMDB format");
  }
  // Two generations of half the capacity each stand in for a list ordered by use.
  let young = new Map<number, Place>();
  let old = new Map<number, Place>();
  return (address) => {
    const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
    const record = PRIVATE.test(plain) ? undefined : recordOf(plain);
    if (record === undefined) return NOWHERE;
    const known = young.get(record);
    if (known !== undefined) return known;
    const place = old.get(record) ?? tryPlaceOf(() => read(plain));
    young.set(record, place);
    if (young.size >= PLACES / 2) {
      old = young;
      young = new Map();
    }
    return place;
  };
}

/** A damaged record costs its own network a country, never a visitor's event. */
function tryPlaceOf(read: () => unknown): Place {
  try {
    return placeOf(read());
  } catch {
    return NOWHERE;
  }
}

const COUNTRY = /^[A-Z]{2}$/;
/** The part of ISO 3166-2 behind the hyphen; some vendors write the country before it. */
const REGION = /^(?:[A-Z]{2}-)?[A-Z0-9]{1,3}$/;

/**
 * Reads the layouts of GeoLite2 and DB-IP (`country.iso_code`, `subdivisions[].iso_code`, the largest first), of IPinfo and
 * others (`country_code` or `country`, `region_code`).
 */
function placeOf(record: unknown): Place {
  const whole = field(record, "country");
  const country =
    codeOf(field(whole, "iso_code"), COUNTRY) ??
    codeOf(field(record, "country_code"), COUNTRY) ??
    codeOf(whole, COUNTRY);
  // ZZ is a vendor's word for: we do not know.
  if (country === undefined || country === "ZZ") return NOWHERE;
  const subdivisions = field(record, "subdivisions");
  const largest: unknown = Array.isArray(subdivisions) ? subdivisions[0] : undefined;
  const region = codeOf(field(largest, "iso_code"), REGION) ?? codeOf(field(record, "region_code"), REGION);
  if (region === undefined) return { country };
  return { country, region: region.includes("-") ? region : `${country}-${region}` };
}

function codeOf(value: unknown, form: RegExp): string | undefined {
  return typeof value === "string" && form.test(value) ? value : undefined;
}

function field(record: unknown, name: string): unknown {
  return isRecord(record) ? record[name] : undefined;
}
