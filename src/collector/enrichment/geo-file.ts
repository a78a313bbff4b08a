/**
 * Opens a geo database in MMDB format, read into memory once; nothing is downloaded. A file that is missing or damaged is
 * refused with one line, before the first visitor comes.
 */
import { readFileSync } from "node:fs";
import { Reader, type Response } from "mmdb-lib";
import { describeError, PasserbyError } from "../../errors.ts";
import { checkTree, indexTree, sampleAddresses } from "./geo-tree.ts";

export type GeoFile = {
  /** Returns the number of the record that an address has; undefined for none, and for what is no address. */
  readonly recordOf: (address: string) => number | undefined;
  /** Returns the record of an address. What it holds depends on the vendor. Throws where the data are damaged. */
  readonly read: (address: string) => unknown;
  /** Addresses of a few networks that have a record. */
  readonly samples: readonly string[];
};

/** Begins the metadata at the end of the file. */
const MARKER = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
const SAMPLES = 1_000;

/**
 * Reads and checks a file. Throws `setting_invalid`. Its tree is checked whole; of its data, which have no checksum, as many
 * records as there are samples.
 */
export function openGeoFile(path: string): GeoFile {
  const bytes = readGeoFile(path);
  const end = bytes.lastIndexOf(MARKER);
  if (end < 0) throw geoRefusal(path, "is no MMDB file or was cut off: download it again and unpack it");
  try {
    const reader = new Reader<Response>(bytes);
    const tree = { bytes, metadata: reader.metadata };
    checkTree(tree, end);
    const samples = sampleAddresses(tree, SAMPLES);
    for (const address of samples) reader.get(address);
    return { recordOf: indexTree(tree), read: (address) => reader.get(address), samples };
  } catch (cause) {
    throw geoRefusal(path, `is damaged (${describeError(cause)}): download it again and unpack it`, cause);
  }
}

/** Makes the error for a database that is of no use. */
export function geoRefusal(path: string, what: string, cause?: unknown): PasserbyError {
  return new PasserbyError("setting_invalid", `METRICS_GEO_DATABASE=${path} ${what}`, { cause });
}

function readGeoFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw geoRefusal(path, `cannot be read (${describeError(cause)}): check the path and its mode`, cause);
  }
}
