import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { isLong } from "../../../test/means.ts";
import { waitForOrphans } from "./orphans.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-orphans-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
});

const socket = (): string => join(dataDir, ".worker-1.sock");

/** A process that listens on a worker's socket; resolves when it does. */
async function startOrphan() {
  const script = `require("node:net").createServer().listen(${JSON.stringify(socket())}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

describe("a start on a folder", () => {
  it("waits for a worker of an earlier start to end", async () => {
    const orphan = await startOrphan();
    let isOver = false;
    const waiting = waitForOrphans(dataDir).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200)); // Long enough for a start that does not wait.
    expect(isOver).toBe(false);
    orphan.kill("SIGKILL");
    await waiting;
    expect(existsSync(socket())).toBe(false);
  });

  it("does not wait for a socket that nobody listens on", async () => {
    writeFileSync(socket(), "");
    await waitForOrphans(dataDir);
    expect(existsSync(socket())).toBe(false);
  });
});

describe.skipIf(!isLong)("a start on a folder of which a worker hangs [needs long]", () => {
  it("says so in the end", async () => {
    const orphan = await startOrphan();
    orphan.kill("SIGSTOP");
    await expect(waitForOrphans(dataDir)).rejects.toMatchObject({ code: "data_dir_owned" });
  }, 30_000);
});
