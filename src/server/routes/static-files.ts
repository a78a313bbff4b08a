/** Serves the dashboard's files from the build. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Adds `/` and its assets. Nothing is added where the dashboard is not built. */
export async function addStaticFiles(app: FastifyInstance, distDir: string): Promise<void> {
  const dashboard = join(distDir, "dashboard");
  if (!existsSync(dashboard)) return;
  await app.register(fastifyStatic, {
    root: dashboard,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // Built assets bear a hash in their name; the page itself must always be the newest.
      const isAsset = path.includes("/assets/");
      reply.header("cache-control", isAsset ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
}
