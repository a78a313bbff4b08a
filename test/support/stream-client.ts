/** A reader of the live stream over a real connection, which a test can hold up, take messages from, and break off. */
import { type IncomingMessage, request } from "node:http";

export type StreamMessage = {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: Record<string, unknown>;
};

export type StreamClient = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Everything received so far, as text. */
  readonly text: () => string;
  /** The whole messages received so far; comments are none. */
  readonly messages: () => readonly StreamMessage[];
  /** Ids of the messages received so far. */
  readonly ids: () => readonly string[];
  /** Resolves once the text received fulfils a condition; rejects when the stream ends before. */
  readonly until: (isReached: (text: string) => boolean) => Promise<void>;
  /** Resolves when the stream has ended: true for an end in order, false for one that was cut off. */
  readonly ended: Promise<boolean>;
  /** Starts to read; a client that was opened with `isStalled` does not until then. */
  readonly read: () => void;
  /** Breaks the connection off. */
  readonly leave: () => void;
};

export type StreamClientOptions = {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** True for a client that leaves what comes unread in its socket. */
  readonly isStalled?: boolean;
};

/** Connects and resolves when the head of the answer is there. */
export function openStreamClient(url: string, options: StreamClientOptions = {}): Promise<StreamClient> {
  const authorization = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, headers: { ...authorization, ...options.headers } });
    asking.on("error", reject);
    asking.on("response", (answer) => resolve(makeClient(answer, options.isStalled === true)));
    asking.end();
  });
}

function makeClient(answer: IncomingMessage, isStalled: boolean): StreamClient {
  const ended = Promise.withResolvers<boolean>();
  const waiting = new Set<() => void>();
  let text = "";
  answer.setEncoding("utf8");
  answer.on("error", () => undefined); // How it ended is told by `complete`.
  answer.on("close", () => {
    ended.resolve(answer.complete);
    for (const check of waiting) check();
  });
  const read = (): void => {
    answer.on("data", (chunk: string) => {
      text += chunk;
      for (const check of waiting) check();
    });
  };
  if (!isStalled) read();
  const messages = (): readonly StreamMessage[] => parseMessages(text);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: () => text,
    messages,
    ids: () => messages().flatMap(({ id }) => id ?? []),
    until: (isReached) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const hasReached = isReached(text);
          if (!hasReached && !answer.closed) return;
          waiting.delete(check);
          if (hasReached) resolve();
          else reject(new Error(`the stream ended before, after ${text.length} characters: ${text.slice(-200)}`));
        };
        waiting.add(check);
        check();
      }),
    ended: ended.promise,
    read,
    leave: () => answer.destroy(),
  };
}

function parseMessages(text: string): readonly StreamMessage[] {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 1);
  return whole.split("\n\n").flatMap((block) => {
    const lines = block.split("\n").map((line) => /^(id|event|data): (.*)$/.exec(line));
    const field = (name: string): string | undefined => lines.find((line) => line?.[1] === name)?.[2];
    const data = field("data");
    return data === undefined ? [] : [{ id: field("id"), name: field("event") ?? "message", data: JSON.parse(data) }];
  });
}
