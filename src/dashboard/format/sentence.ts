/** Messages of the server as sentences of a page: they come in small letters and without a stop, as a terminal has them. */

/** A plain word in front; a host name stays as it is. */
const FIRST_WORD = /^[a-z]+(?![\w.:-])/;

/** Returns a message with a capital letter in front and a stop behind. */
export function toSentence(message: string): string {
  const text = FIRST_WORD.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
