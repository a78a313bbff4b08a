/** Says what went wrong in a page as message and source; throws nothing, whatever the page has thrown. */
import { reduceScriptAddress, scrubMessage } from "./scrub-message.ts";

/** What is sent: `source` is origin, path, line and column; `cross-origin` where browsers hide it; empty where unknown. */
export type ErrorFacts = { readonly message: string; readonly source: string };

/** The parts of an ErrorEvent that are read. */
export type RaisedError = Pick<ErrorEvent, "message" | "filename" | "lineno" | "colno">;

/** Scripts of browser extensions, which the page has no part in; the last is Safari's name for them. */
const EXTENSION = /^(?:[\w-]+-extension|webkit-masked-url):/;
/** The first line of a stack that ends in a place: of V8 `at f (https://a.example/b.js:1:2)`, else `f@https://…:1:2`. */
const PLACE = /((?:https?|blob|[\w-]{1,32}-extension|webkit-masked-url):\S{1,2000}?):(\d{1,9}):(\d{1,9})\)?$/m;
const MAX_STACK = 4096;

/** Describes an error that reached the window; undefined for one of a browser extension. */
export function describeRaised({ message, filename, lineno, colno }: RaisedError): ErrorFacts | undefined {
  if (EXTENSION.test(filename)) return undefined;
  // What browsers say of a script of another origin that was loaded without `crossorigin`.
  if (!filename && !lineno && /^Script error\.?$/.test(message)) {
    return { message: "Script error.", source: "cross-origin" };
  }
  return { message: describeMessage(message), source: describePlace(filename, lineno, colno) };
}

/** Describes what a promise was rejected with and nobody handled; undefined for an error of a browser extension. */
export function describeRejection(reason: unknown): ErrorFacts | undefined {
  const stack = readText(() => (isObject(reason) ? reason["stack"] : undefined)).slice(0, MAX_STACK);
  const [, filename = "", lineno, colno] = PLACE.exec(stack) ?? [];
  if (EXTENSION.test(filename)) return undefined;
  return {
    message: describeMessage(readText(() => reason)),
    source: describePlace(filename, Number(lineno), Number(colno)),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Symbols and numbers are written as they are, other objects by their own `toString`, which may fail. */
function readText(read: () => unknown): string {
  try {
    return String(read() ?? "");
  } catch {
    return "";
  }
}

/** Chromium puts a word before the message that others do not; the same error has to read the same. */
function describeMessage(message: string): string {
  return scrubMessage(message.replace(/^Uncaught (?:\(in promise\) )?/, "")) || "unknown";
}

function describePlace(filename: string, line: number, column: number): string {
  const address = filename && reduceScriptAddress(filename);
  return address && `${address}:${line}:${column}`;
}
