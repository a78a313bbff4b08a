/** The AppArmor profile: AppArmor's own compiler takes it. Whether it is enforced is for a kernel that has AppArmor to show. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { apparmorParser } from "../means.ts";
import { DEPLOY } from "./compose-file.ts";
import { imageEntrypoint, imageFiles } from "./image-files.ts";

const profile = readFileSync(`${DEPLOY}apparmor/passerby`, "utf8");

describe.skipIf(apparmorParser === undefined)("the AppArmor profile [needs apparmor_parser]", () => {
  const compile = (text: string, ...args: readonly string[]): { status: number | null; stdout: string } => {
    // Not loaded, and past the cache.
    const all = ["--skip-kernel-load", "--skip-cache", ...args];
    return spawnSync(apparmorParser ?? "", all, { input: text, encoding: "utf8" });
  };

  it("compiles, under the name that compose file and units call it by", () => {
    expect(compile(profile).status).toBe(0);
    expect(compile(profile, "--names")).toMatchObject({ status: 0, stdout: "passerby\n" });
    expect(readFileSync(`${DEPLOY}docker-compose.apparmor.yml`, "utf8")).toContain('"apparmor=passerby"');
    expect(readFileSync(`${DEPLOY}systemd/passerby.service`, "utf8")).toContain("AppArmorProfile=-passerby\n");
  });

  it("would not with a rule that AppArmor does not know", () => {
    expect(compile(profile.replace("network inet stream", "network inet strem")).status).not.toBe(0);
  });
});

describe("the AppArmor profile's paths", () => {
  it("are those of the image", () => {
    expect(imageEntrypoint()[0]).toBe("node");
    expect(imageFiles().filter(({ there }) => !there.startsWith("/app/"))).toEqual([]);
    expect(profile).toContain("@{PASSERBY_CODE} = /app /opt/passerby\n");
    expect(profile).toContain("@{PASSERBY_DATA} = /data /var/lib/passerby\n");
  });
});
