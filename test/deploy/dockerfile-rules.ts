/** A Dockerfile as a list of stages and instructions, and the rules that ours keeps: of the kind that hadolint has. */

/** An instruction: its word in capitals, and what follows, lines joined and comments left out. */
export type Instruction = { readonly word: string; readonly rest: string; readonly line: number };

export type Stage = {
  readonly name: string | undefined;
  readonly image: string;
  readonly steps: readonly Instruction[];
};

/** Something that a COPY brings into a stage: from the build context, or from another stage. */
export type Copied = {
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
  readonly owner: string | undefined;
};

/** Reads the instructions of a Dockerfile. */
export function readInstructions(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let pending: { text: string; line: number } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    if (raw.trim() === "" || raw.trim().startsWith("#")) continue;
    const { text: before, line } = pending ?? { text: "", line: index + 1 };
    const joined = `${before}${raw.trim().replace(/\\$/, "")}`;
    pending = raw.trimEnd().endsWith("\\") ? { text: joined, line } : undefined;
    if (pending !== undefined) continue;
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(joined) ?? [];
    found.push({ word: word.toUpperCase(), rest, line });
  }
  return found;
}

/** Reads the stages of a Dockerfile; what stands before the first FROM belongs to none. */
export function readStages(text: string): readonly Stage[] {
  const stages: { name: string | undefined; image: string; steps: Instruction[] }[] = [];
  for (const instruction of readInstructions(text)) {
    if (instruction.word !== "FROM") {
      stages.at(-1)?.steps.push(instruction);
      continue;
    }
    const [, image = "", name] = /^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest) ?? [];
    stages.push({ image, name, steps: [] });
  }
  return stages;
}

/** Reads a COPY of the form that is no JSON. */
export function readCopy({ rest }: Instruction): Copied {
  const words = rest.split(/\s+/);
  const option = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const paths = words.filter((word) => !word.startsWith("--"));
  return { from: option("from"), owner: option("chown"), sources: paths.slice(0, -1), target: paths.at(-1) ?? "" };
}

/** Returns a list in JSON that an instruction ends with (exec form), or undefined for the form that needs a shell. */
export function readExecForm({ rest }: Instruction): readonly string[] | undefined {
  const list = /(\[.*\])\s*$/.exec(rest)?.[1];
  try {
    const words: unknown = JSON.parse(list ?? "");
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}

type Rule = { readonly says: string; readonly isBroken: (stages: readonly Stage[], final: Stage) => boolean };

const RUN_LAST: readonly string[] = ["CMD", "ENTRYPOINT"];

function has(stage: Stage, word: string): boolean {
  return stage.steps.some((step) => step.word === word);
}

function anyRun(stages: readonly Stage[], isBad: (command: string) => boolean): boolean {
  return stages.some(({ steps }) => steps.some(({ word, rest }) => word === "RUN" && isBad(rest)));
}

/** Rules by the number that hadolint gives the same one, or a name of ours. */
export const RULES: Readonly<Record<string, Rule>> = {
  DL3006: {
    says: "an image is named by a whole version or a digest, never by latest",
    isBroken: (stages) =>
      stages.some(
        ({ image }) =>
          !stages.some(({ name }) => name === image) &&
          !/:v?\d+\.\d+\.\d+(-[\w.-]+)?$|@sha256:[0-9a-f]{64}$/.test(image),
      ),
  },
  DL3002: {
    says: "the last user is a number and not root, set before CMD and ENTRYPOINT",
    isBroken: (_stages, { steps }) => {
      const lastUser = steps.findLastIndex(({ word }) => word === "USER");
      const firstRun = steps.findIndex(({ word }) => RUN_LAST.includes(word));
      return !/^[1-9]\d*(:[1-9]\d*)?$/.test(steps[lastUser]?.rest ?? "") || lastUser > firstRun;
    },
  },
  DL3020: {
    says: "files come by COPY; ADD would fetch and unpack, too",
    isBroken: (stages) => stages.some((stage) => has(stage, "ADD")),
  },
  DL3025: {
    says: "CMD, ENTRYPOINT and HEALTHCHECK have the exec form",
    isBroken: (_stages, { steps }) =>
      steps.some((step) => [...RUN_LAST, "HEALTHCHECK"].includes(step.word) && readExecForm(step) === undefined),
  },
  DL3000: {
    says: "WORKDIR is absolute",
    isBroken: (stages) =>
      stages.some(({ steps }) => steps.some((s) => s.word === "WORKDIR" && !s.rest.startsWith("/"))),
  },
  DL3004: { says: "nothing uses sudo", isBroken: (stages) => anyRun(stages, (command) => /\bsudo\b/.test(command)) },
  DL3009: {
    says: "a layer that installs with apt-get takes the lists of packages away",
    isBroken: (stages) =>
      anyRun(
        stages,
        (command) => command.includes("apt-get install") && !command.includes("rm -rf /var/lib/apt/lists"),
      ),
  },
  DL3015: {
    says: "apt-get installs no recommended packages",
    isBroken: (stages) =>
      anyRun(stages, (command) => command.includes("apt-get install") && !command.includes("--no-install-recommends")),
  },
  DL3016: {
    says: "npm installs by the lockfile",
    isBroken: (stages) => anyRun(stages, (command) => /"npm", "(i|install)"|\bnpm (i|install)\b/.test(command)),
  },
  DL4000: { says: "nobody is named by MAINTAINER", isBroken: (stages) => stages.some((s) => has(s, "MAINTAINER")) },
  DL3045: {
    says: "COPY to a relative place follows a WORKDIR",
    isBroken: (stages) =>
      stages.some(({ steps }) => {
        const place = steps.findIndex(({ word }) => word === "WORKDIR");
        return steps.some(
          (step, index) =>
            step.word === "COPY" && !readCopy(step).target.startsWith("/") && (place === -1 || index < place),
        );
      }),
  },
  DL3022: {
    says: "COPY --from names a stage above",
    isBroken: (stages) =>
      stages.some(({ steps }, index) =>
        steps.some((step) => {
          const from = step.word === "COPY" ? readCopy(step).from : undefined;
          return from !== undefined && !stages.slice(0, index).some(({ name }) => name === from);
        }),
      ),
  },
  DL3012: {
    says: "there is one HEALTHCHECK, one CMD and one ENTRYPOINT",
    isBroken: (_stages, { steps }) =>
      [...RUN_LAST, "HEALTHCHECK"].some((word) => steps.filter((step) => step.word === word).length !== 1),
  },
  owner: {
    says: "each COPY of the last stage says whose the files are",
    isBroken: (_stages, { steps }) => steps.some((s) => s.word === "COPY" && readCopy(s).owner === undefined),
  },
  secret: {
    says: "no ARG or ENV bears a secret's name",
    isBroken: (stages) =>
      stages.some(({ steps }) =>
        steps.some(({ word, rest }) => /^(ARG|ENV)$/.test(word) && /PASSWORD|SECRET|TOKEN|_KEY\b/i.test(rest)),
      ),
  },
};

/** Names the rules that a Dockerfile breaks. */
export function judgeDockerfile(text: string): readonly string[] {
  const stages = readStages(text);
  const final = stages.at(-1);
  if (final === undefined) return ["no stage"];
  return Object.entries(RULES)
    .filter(([, { isBroken }]) => isBroken(stages, final))
    .map(([name]) => name);
}
