/** Serves the dashboard's files and the scripts of the tracker from the build. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

const HOUR_SECONDS = 3_600;

/** The tracker, and what is loaded beside it. */
const SCRIPT_NAME = /^passerby(-[a-z]+)?\.js$/;

/** Adds `/` and its assets, and `/passerby.js` and its likes for other origins' pages. Folders that are not built are left out. */
export async function addStaticFiles(app: FastifyInstance, distDir: string): Promise<void> {
  const dashboard = join(distDir, "dashboard");
  const tracker = join(distDir, "tracker");
  if (existsSync(dashboard)) {
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
  if (existsSync(tracker)) {
    await app.register(fastifyStatic, {
      root: tracker,
      serve: false,
      decorateReply: !existsSync(dashboard),
    });
    for (const name of readdirSync(tracker).filter((file) => SCRIPT_NAME.test(file))) {
      app.get(`/${name}`, (_request, reply) =>
        reply
          .header("cross-origin-resource-policy", "cross-origin")
          .header("cache-control", `public, max-age=${HOUR_SECONDS}`)
          .sendFile(name, tracker, { cacheControl: false }),
      );
    }
  }
}
