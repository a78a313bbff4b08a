/**
 * Takes out of error messages and addresses what could be about a person, before anything leaves the browser: queries,
 * user names, e-mail addresses, long tokens, and what JSON.parse quotes of its input. The collector scrubs once more.
 */

const REDACTED = "[redacted]";
/** What is looked at: no scrubbing takes long, whatever a page throws. */
const MAX_READ = 1024;
const MAX_LENGTH = 256;

/** The start of an address with the user name and password in it. */
const CREDENTIALS = /(https?:\/\/)[^\s/"'<>]{1,256}@/gi;
/** All that follows in an address, or in any text a name with a value, as in `/a?token=1` and `#token=1`. */
const QUERY = /(https?:\/\/[^\s?#"'<>]{1,1024})[?#][^\s"'<>]*|[?#][\w%.~[\]-]{1,64}=[^\s"'<>]*/gi;
const EMAIL = /[\p{L}\p{N}._%+-]{1,64}(?:@|%40)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{2,63})+/giu;
/** V8 quotes a piece of what it could not parse, which may be anything that a visitor typed. */
const PARSED = /".*"(?=(?:\.{3})? is not valid JSON)|Unexpected token '?.'?(?= in JSON)/gs;
const RUN = /[\w-]{20,}/g;

/** Returns a message without what could be about a person, at most 256 characters long. Scrubbing it again changes nothing. */
export function scrubMessage(message: string): string {
  // Cut between words, so that no half of a token or of an address is left at the end.
  const read = message.length > MAX_READ ? message.slice(0, MAX_READ).replace(/\S+$/, "") : message;
  return scrubText(read.replace(PARSED, `"…"`)).slice(0, MAX_LENGTH);
}

/**
 * Reduces the address of a script to origin and path, with the path scrubbed unless it is that of a script file, whose
 * long name everybody loads. Of what lies nowhere, such as `blob:` and `data:`, the scheme is all that is kept.
 */
export function reduceScriptAddress(address: string): string {
  try {
    const { protocol, origin, pathname } = new URL(address);
    if (!/^https?:$/.test(protocol)) return protocol;
    return (origin + (/\.[cm]?js$/.test(pathname) ? pathname : scrubText(pathname))).slice(0, MAX_READ);
  } catch {
    return "";
  }
}

function scrubText(text: string): string {
  return text
    .replace(CREDENTIALS, "$1")
    .replace(QUERY, "$1")
    .replace(EMAIL, REDACTED)
    .replace(RUN, (run) => (/\d/.test(run) ? REDACTED : run));
}
