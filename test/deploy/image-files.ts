/** What an image of our Dockerfile holds, as pairs of a path on this machine and one in the container. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEPLOY } from "./compose-file.ts";
import { type Instruction, readCopy, readExecForm, readStages } from "./dockerfile-rules.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const final = readStages(readFileSync(`${DEPLOY}Dockerfile`, "utf8")).at(-1);

export type ImageFile = { readonly here: string; readonly there: string };

function find(word: string): Instruction {
  const step = final?.steps.find((each) => each.word === word);
  if (step === undefined) throw new Error(`the last stage of the Dockerfile has no ${word}`);
  return step;
}

/** The program that a container runs, before the words of its command. */
export function imageEntrypoint(): readonly string[] {
  return readExecForm(find("ENTRYPOINT")) ?? [];
}

/** The environment that the image gives. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...find("ENV").rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** Every file and folder of the image that is ours. Throws for a COPY that it does not understand. */
export function imageFiles(): readonly ImageFile[] {
  const copies = (final?.steps ?? []).filter(({ word }) => word === "COPY").map(readCopy);
  return copies.flatMap(({ from, sources, target }) =>
    sources.flatMap((source): readonly ImageFile[] => {
      const there = join("/app", target);
      if (from === undefined) return [{ here: join(ROOT, source), there: join(there, basename(source)) }];
      if (source.startsWith("/src/")) return [{ here: join(ROOT, source.slice("/src/".length)), there }];
      if (source === "/app/node_modules/")
        return productionPackages().map((path) => ({ here: join(ROOT, path), there: `/app/${path}` }));
      if (source === "/data/") return [];
      throw new Error(`nobody knows what ${source} of stage ${from} is on this machine`);
    }),
  );
}

type Lockfile = { readonly packages: Readonly<Record<string, { dev?: boolean; devOptional?: boolean }>> };

/** What `npm ci --omit=dev` would install on this machine, from the packages that are installed. */
function productionPackages(): readonly string[] {
  const { packages }: Lockfile = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const names = Object.keys(packages).filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path));
  return names.filter((path) => {
    const { dev = false, devOptional = false } = packages[path] ?? {};
    return !dev && !devOptional && existsSync(join(ROOT, path));
  });
}
