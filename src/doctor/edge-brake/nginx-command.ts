/** Runs nginx to have it test its files and read them anew. */
import { spawn } from "node:child_process";
import { PasserbyError, systemErrorCode } from "../../errors.ts";

/** A test looks up names and opens files; one that hangs is a refusal. */
const TIMEOUT_MS = 30_000;
/** Lines of what nginx says that are passed on: the last ones say what is wrong. */
const LINES_TOLD = 4;

/** Returns the words of a command, which no shell reads. Throws `setting_invalid` for none. */
export function splitCommand(text: string): readonly string[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length > 0) return words;
  throw new PasserbyError("setting_invalid", "--nginx is empty: give the command that runs nginx, such as nginx");
}

/** Runs the command with more words, and returns when it has ended well. Throws `edge_unusable` with what it said. */
export async function runNginx(command: readonly string[], args: readonly string[]): Promise<void> {
  const [program = "nginx", ...words] = command;
  const shown = [...command, ...args].join(" ");
  const child = spawn(program, [...words, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS });
  let said = "";
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const { code, signal, error } = await new Promise<Ended>((resolve) => {
    child.once("error", (cause) => resolve({ code: null, signal: null, error: cause }));
    child.once("close", (exit, by) => resolve({ code: exit, signal: by, error: undefined }));
  });
  if (code === 0) return;
  if (systemErrorCode(error) === "ENOENT") {
    throw new PasserbyError("edge_unusable", `${program} is not there: say with --nginx how nginx is run`, {
      cause: error,
    });
  }
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const told = error?.message ?? (lines.slice(-LINES_TOLD).join("; ") || "nothing");
  const end = signal === null ? `ended with ${code}` : `was stopped by ${signal}`;
  throw new PasserbyError("edge_unusable", `${shown} ${end} and said: ${told}${hintFor(said)}`, { cause: error });
}

type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: Error | undefined;
};

/** A brake that ends by itself needs a variable that an edge of an older version has not. */
function hintFor(said: string): string {
  if (!said.includes("edge_posted_at")) return "";
  return " (the edge's files are older than this command: bring them up to date, or leave out --for)";
}
