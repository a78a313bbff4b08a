/** What a Dockerfile says of the image that it makes: its user, what it is made from, its health check. */
import { existsSync, readFileSync } from "node:fs";

export type Dockerfile = {
  readonly path: string;
  /** User of the last stage; undefined where it is that of the base image. */
  readonly user: { readonly value: string; readonly where: string } | undefined;
  /** Base images by name; names of earlier stages are left out. */
  readonly bases: readonly { readonly image: string; readonly where: string }[];
  readonly hasHealthcheck: boolean;
};

/** Reads the file; undefined where there is none. */
export function readDockerfile(path: string | undefined): Dockerfile | undefined {
  if (path === undefined || !existsSync(path)) return undefined;
  let user: Dockerfile["user"];
  let hasHealthcheck = false;
  const bases: { image: string; where: string }[] = [];
  const stages: string[] = [];
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const [, word = "", rest = ""] = /^\s*(FROM|USER|HEALTHCHECK)\s+(.*?)\s*$/i.exec(line) ?? [];
    const where = `${path}:${index + 1}`;
    if (word.toUpperCase() === "USER") user = { value: rest, where };
    if (word.toUpperCase() === "HEALTHCHECK") hasHealthcheck = !/^NONE$/i.test(rest);
    if (word.toUpperCase() !== "FROM") continue;
    const [, image = "", stage] = /^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
    if (!stages.includes(image)) bases.push({ image, where });
    if (stage !== undefined) stages.push(stage);
    // A stage begins with what its image has.
    user = undefined;
    hasHealthcheck = false;
  }
  return { path, user, bases, hasHealthcheck };
}
