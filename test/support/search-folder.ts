/** Searches every byte that a data directory holds for texts and ids, whatever form they are stored in. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Returns the names of the files, at any depth, that hold a needle: as text, packed or not; and a UUID as its 16 bytes too,
 * as the id file has it and as DuckDB does (backwards, in two halves, the highest bit turned).
 */
export function findInFolder(folder: string, needle: string): readonly string[] {
  const forms = formsOf(needle);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile());
  return files
    .filter((name) => {
      const bytes = unpack(name, readFileSync(join(folder, name)));
      return forms.some((form) => bytes.includes(form));
    })
    .sort();
}

function unpack(name: string, bytes: Buffer): Buffer {
  if (name.endsWith(".gz")) return gunzipSync(bytes);
  return name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
}

function formsOf(needle: string): readonly Buffer[] {
  const text = Buffer.from(needle);
  if (!UUID.test(needle)) return [text];
  const packed = Buffer.from(needle.replaceAll("-", ""), "hex");
  const turned = Buffer.from(packed).reverse();
  turned.writeUInt8(turned.readUInt8(15) ^ 0x80, 15);
  return [text, packed, turned];
}
