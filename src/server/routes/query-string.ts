/** Reads parameters of a query string: each at most once, as text. */
import type { FastifyRequest } from "fastify";
import { PasserbyError } from "../../errors.ts";

/** Returns a parameter, or undefined when it was not given. Throws `invalid_request` for one that was given twice. */
export function readParameter(request: FastifyRequest, name: string): string | undefined {
  const { query } = request;
  const value: unknown = typeof query === "object" && query !== null ? Reflect.get(query, name) : undefined;
  if (value === undefined || typeof value === "string") return value;
  throw new PasserbyError("invalid_request", `${name} was given more than once: give it once`);
}
