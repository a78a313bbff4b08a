/**
 * The tracker's scripts as they are served: read from the build once, at the start, so that what an address with a hash
 * in it answers is what the hash is of, whatever becomes of the files meanwhile.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

/** `passerby.js` and what is loaded beside it, `passerby-<name>.js`. */
const SCRIPT = /^(passerby(?:-[a-z\d]+)*)\.js$/;
/** 64 bits: enough to tell builds apart; whether the content is the right one, `integrity` says with all 384. */
const HASH_DIGITS = 16;

/** A body as it goes over the wire; `coding` is the word of Content-Encoding, `identity` for the script as it is. */
export type CodedBody = { readonly coding: "br" | "gzip" | "identity"; readonly body: Buffer };

type Coding = {
  readonly coding: CodedBody["coding"];
  /** Ending of the file in the build. */
  readonly ending: string;
  readonly decompress: (body: Buffer) => Buffer;
};

/** How a body may be compressed, best first. */
const CODINGS: readonly Coding[] = [
  { coding: "br", ending: ".br", decompress: brotliDecompressSync },
  { coding: "gzip", ending: ".gz", decompress: gunzipSync },
];

export type TrackerScript = {
  /** `passerby.js`. */
  readonly file: string;
  /** The name under which nothing but this content is ever served, `passerby.0123456789abcdef.js`. */
  readonly pinnedFile: string;
  readonly hash: string;
  /** For the attribute of that name (Subresource Integrity, W3C), `sha384-…`. */
  readonly integrity: string;
  /** Smallest first; the last is the script as it is. */
  readonly bodies: readonly CodedBody[];
};

/** Reads all scripts of `tracker/` below the build's folder, the core first; none where that is not built. */
export function readTrackerScripts(distDir: string): readonly TrackerScript[] {
  const folder = join(distDir, "tracker");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((file) => SCRIPT.exec(file)?.[1] ?? [])
    .sort()
    .map((name) => readScript(folder, name));
}

function readScript(folder: string, name: string): TrackerScript {
  const file = `${name}.js`;
  const script = readFileSync(join(folder, file));
  const digest = createHash("sha384").update(script).digest();
  const hash = digest.toString("hex").slice(0, HASH_DIGITS);
  return {
    file,
    pinnedFile: `${name}.${hash}.js`,
    hash,
    integrity: `sha384-${digest.toString("base64")}`,
    bodies: [...readCompressed(join(folder, file), script), { coding: "identity", body: script }],
  };
}

/** Reads what the build has compressed; what is another script's, as of a build that was killed, is left out. */
function readCompressed(path: string, script: Buffer): readonly CodedBody[] {
  return CODINGS.flatMap(({ coding, ending, decompress }) => {
    if (!existsSync(path + ending)) return [];
    const body = readFileSync(path + ending);
    return isCompressed(() => decompress(body), script) ? [{ coding, body }] : [];
  });
}

function isCompressed(decompress: () => Buffer, script: Buffer): boolean {
  try {
    return decompress().equals(script);
  } catch {
    return false;
  }
}
