import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createPassOn, MAIN_SOCKET, PEER_HEADER } from "./pass-on.ts";

/** Starts a main process that answers so, and a worker in front of it; returns the worker's port. */
async function start(answer: RequestListener): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-pass-"));
  const main = createServer(answer).listen(join(dataDir, MAIN_SOCKET));
  await once(main, "listening");
  const { pass, close } = createPassOn(dataDir);
  const front = createServer(pass).listen(0, "127.0.0.1");
  await once(front, "listening");
  onTestFinished(async () => {
    await Promise.all([main, front].map(end));
    close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const address = front.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function end(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

/** Sends bytes and returns all that comes until the connection is closed. */
async function exchange(port: number, sent: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("data", (chunk: string) => {
    received += chunk;
  });
  socket.write(sent);
  await once(socket, "close");
  return received;
}

describe("a request that a worker passes on", () => {
  it("comes with the address of the client, whatever the client says it is", async () => {
    const port = await start((request, response) => response.end(String(request.headers[PEER_HEADER])));
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { [PEER_HEADER]: "203.0.113.9" } });
    expect(await answer.text()).toBe("127.0.0.1");
  });

  it("has a body of its own, so that none can be read as the next request", async () => {
    const seen: (string | undefined)[] = [];
    const port = await start((request, response) => {
      seen.push(request.url);
      request.resume().on("end", () => response.end("ok"));
    });
    const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const head = "GET /first HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(await exchange(port, head + chunk)).toMatch(/200 OK.*ok/s);
    expect(await (await fetch(`http://127.0.0.1:${port}/second`, { method: "POST" })).text()).toBe("ok");
    expect(seen).toEqual(["/first", "/second"]);
  });

  it("is answered in the client's version of HTTP", async () => {
    const port = await start((_, response) => {
      response.write("one,");
      response.end("two");
    });
    const answer = await exchange(port, "GET / HTTP/1.0\r\n\r\n");
    expect(answer).toMatch(/\r\n\r\none,two$/);
    expect(answer).not.toMatch(/transfer-encoding/i);
  });

  it("breaks off for the client when the answer does", async () => {
    const port = await start((_, response) => {
      response.write("begun");
      setImmediate(() => setImmediate(() => response.destroy()));
    });
    const reading = fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());
    await expect(reading).rejects.toThrow("terminated");
  });

  it("ends at the main process when the client leaves, and holds its answer back while the client does not read", async () => {
    const left = Promise.withResolvers<void>();
    let sentBytes = 0;
    const chunk = Buffer.alloc(65_536);
    const port = await start((_, response) => {
      const send = (): void => {
        for (let hasRoom = true; hasRoom && !response.destroyed; sentBytes += chunk.length)
          hasRoom = response.write(chunk);
      };
      response.on("drain", send).on("close", () => left.resolve());
      send();
    });
    const client = connect(port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.pause();
    let before = -1;
    const hasStopped = (): boolean => {
      const isSame = sentBytes === before;
      before = sentBytes;
      return isSame && sentBytes > 0;
    };
    await expect.poll(hasStopped, { interval: 200, timeout: 10_000 }).toBe(true);
    expect(sentBytes).toBeLessThan(20_000_000);
    client.destroy();
    await left.promise;
  });

  it("is answered 503 when the main process does not answer", async () => {
    const port = await start((request) => request.socket.destroy());
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({ ok: false, error: "store_unavailable" });
  });
});
