/** Writes small geo databases in MMDB format 2.0 (maxmind.github.io/MaxMind-DB), for tests that need a real file. */
import ipaddr from "ipaddr.js";

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

export type MmdbOptions = {
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
};

/** A node of the search tree: for each bit another node, a place in the data, or nothing. */
type Node = [Branch, Branch];
type Branch = Node | { readonly data: number } | undefined;

/**
 * Makes a database of networks (`192.0.2.0/24`, `2001:db8::/32`) and their records. A later network wins. Its files are
 * read by libmaxminddb's mmdblookup too.
 */
export function makeMmdb(networks: Readonly<Record<string, Value>>, options: MmdbOptions = {}): Buffer {
  const { ipVersion = 6, recordSize = 28 } = options;
  const root: Node = [undefined, undefined];
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const [network, record] of Object.entries(networks)) {
    const encoded = encode(record);
    insert(root, bitsOf(network, ipVersion), { data: bytes });
    chunks.push(encoded);
    bytes += encoded.length;
  }
  const nodes = listNodes(root);
  const tree = nodes.map((node) => encodeNode(node, nodes, recordSize));
  const marker = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
  const metadata = encodeMetadata({ nodeCount: nodes.length, recordSize, ipVersion });
  return Buffer.concat([...tree, Buffer.alloc(16), ...chunks, marker, metadata]);
}

/** The bits of a network; IPv4 lies at ::/96 of an IPv6 tree. */
function bitsOf(network: string, ipVersion: 4 | 6): string {
  const [address, length] = ipaddr.parseCIDR(network);
  const bits = address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const isInside = address.kind() === "ipv4" && ipVersion === 6;
  return `${isInside ? "0".repeat(96) : ""}${bits.slice(0, length)}`;
}

function insert(root: Node, bits: string, leaf: { readonly data: number }): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node[Number(bit) === 0 ? 0 : 1];
    const child: Node = Array.isArray(next) ? next : [next, next];
    node[Number(bit) === 0 ? 0 : 1] = child;
    node = child;
  }
  node[bits.endsWith("0") ? 0 : 1] = leaf;
}

function listNodes(root: Node): readonly Node[] {
  const nodes: Node[] = [root];
  for (const node of nodes) {
    for (const branch of node) if (Array.isArray(branch)) nodes.push(branch);
  }
  return nodes;
}

function encodeNode(node: Node, nodes: readonly Node[], recordSize: 24 | 28 | 32): Buffer {
  const [left = 0, right = 0] = node.map((branch) => {
    if (branch === undefined) return nodes.length;
    return Array.isArray(branch) ? nodes.indexOf(branch) : nodes.length + 16 + branch.data;
  });
  const bytes = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    bytes.writeUInt32BE(left, 0);
    bytes.writeUInt32BE(right, 4);
    return bytes;
  }
  bytes.writeUIntBE(left & 0xffffff, 0, 3);
  bytes.writeUIntBE(right & 0xffffff, bytes.length - 3, 3);
  if (recordSize === 28) bytes.writeUInt8(((left >>> 24) << 4) | (right >>> 24), 3);
  return bytes;
}

function encode(value: Value): Buffer {
  if (typeof value === "string") return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "boolean") return control(14, value ? 1 : 0);
  if (typeof value === "number") return encodeUint(32, value);
  if (isList(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value).flatMap(([key, item]) => [encode(key), encode(item)]);
  return Buffer.concat([control(7, entries.length / 2), ...entries]);
}

/** The format asks for a size of each number of the metadata. */
function encodeMetadata(known: Readonly<Record<"nodeCount" | "recordSize" | "ipVersion", number>>): Buffer {
  const fields: Readonly<Record<string, Buffer>> = {
    binary_format_major_version: encodeUint(16, 2),
    binary_format_minor_version: encodeUint(16, 0),
    build_epoch: encodeUint(64, 1_763_942_400),
    database_type: encode("Passerby-Test"),
    description: encode({ en: "made by a test" }),
    ip_version: encodeUint(16, known.ipVersion),
    languages: encode(["en"]),
    node_count: encodeUint(32, known.nodeCount),
    record_size: encodeUint(16, known.recordSize),
  };
  const entries = Object.entries(fields).flatMap(([key, value]) => [encode(key), value]);
  return Buffer.concat([control(7, entries.length / 2), ...entries]);
}

function encodeUint(bits: 16 | 32 | 64, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  const type = { 16: 5, 32: 6, 64: 9 }[bits];
  return Buffer.concat([control(type, bits / 8), bytes.subarray(8 - bits / 8)]);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The control byte of a field: its type, and its size up to 284. */
function control(type: number, size: number): Buffer {
  const short = Math.min(size, 29);
  const rest = size < 29 ? [] : [size - 29];
  return Buffer.from(type <= 7 ? [(type << 5) | short, ...rest] : [short, type - 7, ...rest]);
}
