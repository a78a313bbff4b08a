/** A TLS handshake that begins well and is broken: what scanners send, and what makes nginx write of a client. */
import { once } from "node:events";
import { createServer } from "node:net";
import { connect } from "node:tls";

/** Makes a ClientHello for a name whose list of groups is longer than it says (RFC 8446, section 4.2.7). */
export async function makeBrokenHello(servername: string): Promise<Buffer> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const client = connect({ host: "127.0.0.1", port, servername }).on("error", () => undefined);
  const hello = await new Promise<Buffer>((resolve) => {
    listener.once("connection", (peer) => peer.on("error", () => undefined).once("data", resolve));
  });
  client.destroy();
  listener.close();
  const at = hello.findIndex((_, index) => isGroups(hello, index));
  if (at < 0) throw new Error("the handshake names no groups");
  hello.writeUInt8(hello.readUInt8(at + 5) ^ 1, at + 5);
  return hello;
}

/** Type 10, length, and a list that fills it. */
function isGroups(hello: Buffer, at: number): boolean {
  if (at + 6 > hello.length || hello.readUInt16BE(at) !== 10) return false;
  const length = hello.readUInt16BE(at + 2);
  return length > 2 && length === hello.readUInt16BE(at + 4) + 2;
}
