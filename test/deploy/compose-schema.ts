/** The compose specification's schema, as Debian's docker-compose has it, and what it says of a file. */
import { readFileSync } from "node:fs";
import Ajv2019 from "ajv/dist/2019.js";
import { parse } from "yaml";
import { composeSchema } from "../means.ts";

/** Returns where a file is not what the specification allows; needs docker-compose. */
export function judgeCompose(text: string): readonly string[] {
  // It marks its parts with `id`, as drafts before 6 did, and names formats of its own.
  const schema: object = JSON.parse(readFileSync(composeSchema ?? "", "utf8"), (key, value: unknown) =>
    (key === "id" && typeof value === "string") || key === "$schema" ? undefined : value,
  );
  const validate = new Ajv2019.default({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  validate(parse(text, { merge: true }));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
