/** The variables of a build, read strictly: what is malformed is told in one line and never guessed at. */

/** What `start` is called with; what is not given keeps its default. */
export type BuildSettings = {
  readonly apiBaseUrl?: string;
  readonly site?: string;
  readonly sampleRate?: number;
};

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads the settings; `site` comes before its variable, and an empty variable is none. Throws for a malformed one. */
export function readBuildSettings(variables: Variables, site: string | undefined): BuildSettings {
  const read = <Value>(
    name: string,
    parse: (text: string) => Value | undefined,
    allowed: string,
  ): Value | undefined => {
    const text = variables[name]?.trim() ?? "";
    if (text === "") return undefined;
    const value = parse(text);
    if (value === undefined) throw refuse(`${name}=${text} is not allowed: ${allowed}`);
    return value;
  };
  const apiBaseUrl = read(
    "VITE_API_BASE_URL",
    parseBaseUrl,
    "give an address such as https://metrics.example.com, or a path of the site itself such as /stats",
  );
  const sampleRate = read("VITE_METRICS_SAMPLE_RATE", parseRate, "give a number from 0 to 1");
  const builtSite = read("VITE_METRICS_SITE", parseSite, "give the name of a site such as example.com");
  const name = site ?? builtSite;
  return {
    ...(apiBaseUrl !== undefined && { apiBaseUrl }),
    ...(name !== undefined && { site: name }),
    ...(sampleRate !== undefined && { sampleRate }),
  };
}

/** Makes an error whose stack is its message: Vite prints the stack, and where in here it was made helps nobody. */
function refuse(message: string): Error {
  const error = new Error(message);
  error.stack = `passerby: ${message}`;
  return error;
}

function parseBaseUrl(text: string): string | undefined {
  if (/^\/(?![/\\])[^\s?#\\]*$/.test(text)) return text;
  try {
    const { protocol, search, hash, username, password } = new URL(text);
    const isBare = `${search}${hash}${username}${password}` === "";
    return /^https?:$/.test(protocol) && /^https?:\/\//i.test(text) && isBare ? text : undefined;
  } catch {
    return undefined;
  }
}

/** As the collector reads its own rate. */
function parseRate(text: string): number | undefined {
  return /^\d*\.?\d+$/.test(text) && Number(text) <= 1 ? Number(text) : undefined;
}

function parseSite(text: string): string | undefined {
  return /^[a-z\d.-]{1,253}$/.test(text) ? text : undefined;
}
