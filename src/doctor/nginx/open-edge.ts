/** Opens the configuration of an edge as it will run: with what its container mounts, and its templates filled in. */
import { resolve } from "node:path";
import type { ComposeProject } from "../deployment/compose-project.ts";
import type { EnvFile } from "../deployment/env-file.ts";
import { InputMissing } from "../input-errors.ts";
import { type EdgeModel, makeModel } from "./edge-servers.ts";
import { type EdgeService, findEdgeService } from "./edge-service.ts";
import { fillTemplates, findTemplates } from "./edge-template.ts";
import { type NginxConfig, readNginx, type VirtualFile } from "./nginx-config.ts";

export type EdgeSources = {
  readonly compose: ComposeProject | undefined;
  readonly env: EnvFile | undefined;
  /** Where programs are looked for. */
  readonly path: string | undefined;
};

export type OpenedEdge = NginxConfig & {
  /** Its servers and maps. */
  readonly model: EdgeModel;
  /** The service of the compose file that runs it. */
  readonly service: EdgeService | undefined;
  /** The same with some more files, or others, by the path where nginx would read them. */
  readonly withFiles: (files: ReadonlyMap<string, { readonly text: string; readonly owner: string }>) => NginxConfig;
};

/** Reads it. Throws InputUnreadable, and InputMissing where a template cannot be filled for want of values. */
export function openEdge(path: string, { compose, env, path: programs }: EdgeSources): OpenedEdge {
  const service = compose && findEdgeService(compose, path);
  const mounts = service?.mounts ?? new Map<string, string>();
  const config = resolve(path);
  const values = service?.environment ?? env?.values;
  if (values === undefined && findTemplates({ config, mounts }).length > 0) {
    throw new InputMissing("--compose FILE or --env FILE, which the template beside nginx.conf is filled from");
  }
  const virtual = fillTemplates({ config, mounts, values: values ?? new Map(), path: programs });
  const withFiles: OpenedEdge["withFiles"] = (files) => {
    const made = [...files].map(([place, file]): [string, VirtualFile] => [place, { ...file, lineOf: (line) => line }]);
    return readNginx(config, { virtual: new Map([...virtual, ...made]), mounts });
  };
  const read = readNginx(config, { virtual, mounts });
  return { ...read, model: makeModel(read), service, withFiles };
}
