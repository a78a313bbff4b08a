/** Reads who sent a request: address behind trusted proxies, key, and what the headers say. */
import type { IncomingMessage } from "node:http";
import { readSender, type Sender } from "../../collector/intake/sender.ts";
import { covers, readBearer } from "../access/access.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { KeyRing } from "../access/keys.ts";

/** A key counts only when its scope is `ingest`. Throws `key_required` for a key that is not good. */
export function senderOf(
  request: IncomingMessage,
  { keys, addresses }: { readonly keys: KeyRing; readonly addresses: AddressReader },
): Sender {
  const record = readBearer(request, keys);
  const ingestKey = record !== undefined && covers(record, "ingest") ? record : undefined;
  return readSender(request.headers, {
    address: addresses.read(request.socket.remoteAddress, request.headers),
    hasIngestKey: ingestKey !== undefined,
    keySite: ingestKey?.site ?? null,
  });
}
