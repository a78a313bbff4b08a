/** The reading of nginx's configuration against the real nginx: random servers are asked, and must answer as foreseen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, watch, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeModel } from "../../src/doctor/nginx/edge-servers.ts";
import { headersIn } from "../../src/doctor/nginx/error-answers.ts";
import { readNginx } from "../../src/doctor/nginx/nginx-config.ts";
import { simulate } from "../../src/doctor/nginx/simulate.ts";
import { isLong, nginx } from "../means.ts";

const SERVERS = isLong ? 400 : 40;
const PATHS_EACH = 8;
/** A long run looks elsewhere each time; the seed is in the name of what fails. */
const SEED = isLong ? Date.now() : 7;

const part = fc.constantFrom("a", "b", "ab", "api", "metrics", "event", "x.js");
const path = fc.array(part, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
const expression = fc.constantFrom(
  "^/a",
  "b$",
  "/metrics/",
  "^/api/(?<rest>.*)$",
  "\\.js$",
  "(?i)AB",
  "^/[ab]/.{1,3}$",
);
/** Quotes, escapes and comments inside of words. */
const bare = fc.constantFrom(
  "plain",
  "a\\ b",
  'q"uote',
  "ha#sh",
  "bra}ce",
  "sin'gle",
  "back\\\\slash",
  "dollar-$\\{request_method}".replace("\\", ""),
  "tab\\tend",
);
const quoted = fc
  .stringMatching(/^[a-z "'{};#\\]{0,8}$/)
  .map((text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
const word = fc.oneof(bare, quoted);

const modifier = fc.constantFrom("", "= ", "^~ ");
const pattern = fc.oneof(
  fc.tuple(modifier, path).map((pair) => pair.join("")),
  fc.tuple(fc.constantFrom("~ ", "~* "), expression).map(([sign, text]) => `${sign}"${text}"`),
);

const condition = fc.constantFrom(
  ["($request_method = POST)", "$request_method"],
  ["($uri ~ ^/(a|b)/)", "$1"],
  ["($seen)", "$seen"],
  ["($request_method !~ ^(?:GET|POST)$)", "other"],
  ["($uri ~* METRICS)", "$uri"],
);

type Location = { readonly pattern: string; readonly lines: readonly string[]; readonly inner: readonly Location[] };

/** What stands before the return of a location. */
const early = fc.oneof(
  { weight: 4, arbitrary: fc.constant<readonly string[]>([]) },
  { weight: 2, arbitrary: condition.map(([test, told]) => [`if ${test} { return 403 "if ${told}"; }`]) },
  { weight: 1, arbitrary: fc.constant(["rewrite ^/ab(.*)$ /b$1 last;"]) },
  { weight: 1, arbitrary: fc.constant(["limit_except GET { deny all; }"]) },
);

const leaf = fc.record({ pattern, lines: early, inner: fc.constant<readonly Location[]>([]) });
const location = fc.record({ pattern, lines: early, inner: fc.array(leaf, { maxLength: 2 }) });
const server = fc.record({
  lines: fc.oneof(
    { weight: 3, arbitrary: fc.constant<readonly string[]>([]) },
    { weight: 1, arbitrary: condition.map(([test]) => [`if ${test} { return 418 "server"; }`]) },
  ),
  locations: fc.array(location, { maxLength: 6 }),
  words: fc.array(word, { minLength: 1, maxLength: 4 }),
});

/** A name may stand once; nginx refuses a second one, and a location inside of one that it does not lie in. */
function write(locations: readonly Location[], words: readonly string[], within: string): string {
  const taken = new Set<string>();
  return locations
    .map(({ pattern: text, lines, inner }, index) => {
      const isNested = within !== "";
      const isExpression = text.startsWith("~");
      const own = text.replace(/^(?:=|\^~) /, "");
      if (taken.has(isExpression ? text : own) || (isNested && !isExpression && !own.startsWith(within))) return "";
      taken.add(isExpression ? text : own);
      const isLeaf = text.startsWith("= ") || isExpression;
      const nested = isLeaf ? "" : write(inner, words, own);
      const said = words[index % words.length] ?? "";
      return `location ${text} { set $place "${own.replaceAll('"', "").replaceAll("$", "")} ${index}"; ${lines.join(" ")} ${nested} add_header X-Word ${said}; return 200 "$place $uri $rest"; }`;
    })
    .join("\n");
}

const CASES = fc.sample(fc.tuple(server, fc.array(path, { minLength: PATHS_EACH, maxLength: PATHS_EACH })), {
  numRuns: SERVERS,
  seed: SEED,
});

let folder: string;
let child: ReturnType<typeof spawn>;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

function configOf(): string {
  const blocks = CASES.map(
    ([{ lines, locations, words }], index) =>
      `server { listen unix:${folder}/socket; server_name s${index}.test; set $rest ""; ${lines.join(" ")}\n${write(locations, words, "")}\n}`,
  );
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const map = 'map $uri $seen { default ""; /a 1; ~^/b/(?<tail>.*) $tail; ~*X\\.JS$ js; /ab "two words"; }';
  return `daemon off; pid ${folder}/pid; error_log stderr alert; events {}\nhttp { access_log off; root ${folder}/none; ${places.join(" ")}\n${map}\n${blocks.join("\n")}\n}\n`;
}

beforeAll(async () => {
  if (nginx === undefined) return;
  folder = mkdtempSync(join(tmpdir(), "passerby-agrees-"));
  // nginx serves as somebody else.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "nginx.conf"), configOf());
  const watcher = watch(folder);
  child = spawn(nginx, ["-e", "stderr", "-c", join(folder, "nginx.conf")], { stdio: ["ignore", "ignore", "pipe"] });
  let printed = "";
  child.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, "exit").then(() => {
    throw new Error(`nginx ended: ${printed}`);
  });
  // Its process file is written once it listens.
  while (!existsSync(join(folder, "pid"))) await Promise.race([once(watcher, "change"), ended]);
  ended.catch(() => undefined);
  watcher.close();
});
afterAll(async () => {
  if (nginx === undefined) return;
  agent.destroy();
  child.kill("SIGTERM");
  await once(child, "close");
  rmSync(folder, { recursive: true, force: true });
});

type Told = { readonly status: number; readonly body: string; readonly word: string };

async function ask(host: string, method: string, asked: string): Promise<Told> {
  const sent = request({ agent, socketPath: join(folder, "socket"), path: asked, method, headers: { host } });
  sent.end();
  const [answer] = await once(sent, "response");
  let body = "";
  for await (const chunk of answer) body += chunk;
  const word = String(answer.headers["x-word"] ?? "");
  return { status: answer.statusCode, body: body.startsWith("<html") ? "" : body, word };
}

describe.skipIf(nginx === undefined)("random servers [needs nginx]", () => {
  it(`answer as the configuration reads (seed ${SEED})`, async () => {
    const model = makeModel(readNginx(join(folder, "nginx.conf")));
    const differing: string[] = [];
    let asked = 0;
    for (const [index, [, paths]] of CASES.entries()) {
      for (const [turn, one] of paths.entries()) {
        const method = ["GET", "POST", "PUT"][turn % 3] ?? "GET";
        const host = `s${index}.test`;
        const told = await ask(host, method, one);
        const outcome = simulate(model, { method, path: one, host, port: 0, isTls: false });
        const foreseen =
          outcome.kind === "return" ? `${outcome.status} ${outcome.text ?? ""}` : `${method === "PUT" ? 405 : 404} `;
        const [header] = headersIn(outcome.scopes, outcome.variables, told.status);
        const isSaid = told.status !== 200 || told.word === (header?.value ?? "").trim();
        asked++;
        if (!isSaid) differing.push(`${host}${one}: nginx says ${told.word}, foreseen ${header?.value}`);
        if (`${told.status} ${told.body}` !== foreseen) {
          differing.push(`${method} ${host}${one}: nginx ${told.status} ${told.body}, foreseen ${foreseen}`);
        }
      }
    }
    expect(differing).toEqual([]);
    expect(asked).toBe(SERVERS * PATHS_EACH);
  });
});
