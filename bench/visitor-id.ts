/** What does deriving a visitor's id cost? Reference: Node's own Hmac object over a key that was made once. */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { bench, run, summary } from "mitata";
import { createSaltKey } from "../src/collector/identity/salt-key.ts";

const salt = randomBytes(32);
const secret = createSecretKey(salt);
const key = createSaltKey(salt);
const message = `11:example.com12:198.51.100.7111:Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36`;

const byNode = (): string =>
  createHmac("sha256", secret).update(message).digest().subarray(0, 16).toString("base64url");
if (byNode() !== key.digest(message)) throw new Error("the two differ");

summary(() => {
  bench("node:crypto Hmac", byNode);
  bench("salt key", () => key.digest(message));
});
await run();
