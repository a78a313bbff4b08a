/** The rotator's command as passerby rotate would read it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Service } from "../compose/compose-service.ts";
import { readService } from "../compose/compose-service.ts";
import { readCompose } from "../compose-project.ts";
import { readRotateCommand, refusalOf } from "./rotate-command.ts";

const KNOWN = [
  "--data-dir",
  "--interval",
  "--gzip-after-days",
  "--delete-after-days",
  "--max-mb",
  "--once",
  "--dry-run",
];

function serviceOf(command: string, environment: Readonly<Record<string, string>> = {}): Service {
  const folder = mkdtempSync(join(tmpdir(), "passerby-rotate-"));
  const path = join(folder, "compose.yml");
  try {
    writeFileSync(path, JSON.stringify({ services: { r: { command, environment } } }));
    return readService(readCompose(path, undefined), "r");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the command of a rotator", () => {
  it("has the defaults of passerby rotate, and its variables before them", () => {
    expect(readRotateCommand(serviceOf("rotate"))).toMatchObject({
      dataDir: "/data",
      intervalSeconds: 300,
      gzipAfterDays: 3,
      deleteAfterDays: 30,
      maxMb: 64,
    });
    const environment = { METRICS_RETENTION_DAYS: "7", METRICS_MAX_SHARD_MB: "8", METRICS_DATA_DIR: "/var/d" };
    expect(readRotateCommand(serviceOf("rotate", environment))).toMatchObject({
      dataDir: "/var/d",
      deleteAfterDays: 7,
      maxMb: 8,
    });
    expect(readRotateCommand(serviceOf("rotate --delete-after-days=9", environment))).toMatchObject({
      deleteAfterDays: 9,
    });
  });

  it.each([
    ["rotate --interval 300 --max-mb=64 --once --json --compress zstd", undefined],
    ["rotate --gzip-after 3", "--gzip-after is no flag of passerby rotate"],
    ["rotate now", "now is neither a flag nor the value of one"],
    ["rotate --interval 0", "--interval 0 is not allowed: give a whole number from 1 to 86400"],
    ["rotate --interval", "--interval  is not allowed: give a whole number from 1 to 86400"],
    ["rotate --max-mb 64M", "--max-mb 64M is not allowed: give a whole number from 1 to 1048576"],
    ["rotate --data-dir --once", "--data-dir  is not allowed: give a value"],
    ["rotate --compress lz4", "--compress lz4 is not allowed: give gzip or zstd"],
  ])("%s", (command, refusal) => {
    expect(refusalOf(readRotateCommand(serviceOf(command)), KNOWN)).toBe(refusal);
  });
});
