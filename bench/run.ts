/** `npm run bench -- NAME …`: runs one bench in a process of its own, or lists them with the question each answers. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const [name, ...args] = process.argv.slice(2);
const path = join(import.meta.dirname, `${name ?? ""}.ts`);

if (name !== undefined && existsSync(path)) {
  process.exitCode = spawnSync(process.execPath, [path, ...args], { stdio: "inherit" }).status ?? 1;
} else {
  for (const file of globSync("*.ts", { cwd: import.meta.dirname }).sort()) {
    if (file === basename(import.meta.filename)) continue;
    const question =
      /^\/\*\*\s*(?:\*\s*)?([^.?]+[.?])/.exec(readFileSync(join(import.meta.dirname, file), "utf8"))?.[1] ?? "";
    console.log(`${file.replace(".ts", "").padEnd(14)} ${question.replace(/\s*\n \*\s*/g, " ").trim()}`);
  }
  process.exitCode = name === undefined ? 0 : 2;
}
