/**
 * The control of a data directory: `control.json` says what is set, so that it survives a restart and a crash, and
 * `control-audit.jsonl` who set it. A change takes force when it is on disk, and then at once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Asker, isReason, MAX_REASON_CHARACTERS } from "../../change-note.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../config.ts";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import { type AuditLine, appendAudit } from "./audit-file.ts";
import { type Control, createControl } from "./control.ts";
import {
  type BrakePosition,
  type ControlState,
  endBrakes,
  isControlState,
  NOTHING_SET,
  setBrakes,
  type Target,
} from "./control-state.ts";

const FILE = "control.json";

export type BrakeChange = {
  readonly position: BrakePosition;
  readonly targets: readonly Target[];
  /** The one site it is for; null for all. */
  readonly site: string | null;
  /** How long it holds; null: until it is changed. */
  readonly forMs: number | null;
  readonly who: Asker;
  readonly why: string | null;
};

/** A control whose changes are kept; only the owner of the data directory may open it. */
export type KeptControl = Control & {
  /**
   * Makes a change and returns when it is on disk. Throws `invalid_request` for one that cannot be meant, and
   * `data_dir_unusable` when it could not be written; then nothing has changed.
   */
  readonly change: (change: BrakeChange) => void;
  /** Writes down what has come to its end since; that it has ended does not wait for this. */
  readonly settle: () => void;
};

export type ControlFileOptions = {
  readonly clock: Clock;
  readonly settings: Pick<Settings, "sampleRate" | "minTrackerRate" | "sites">;
  readonly onWarning: (message: string) => void;
};

/** Opens the control of a data directory. Throws `data_dir_unusable` when control.json is damaged. */
export function openControl(dataDir: string, options: ControlFileOptions): KeptControl {
  const { clock, settings, onWarning } = options;
  const control = createControl({
    state: readControlState(dataDir),
    defaultRate: settings.sampleRate,
    nowMs: clock.now(),
  });
  let lastWarning = "";
  const keep = (state: ControlState, lines: readonly AuditLine[]): void => {
    appendAudit(dataDir, lines);
    replaceFile(join(dataDir, FILE), `${JSON.stringify(state, null, 1)}\n`);
    control.adopt(state);
  };
  const settle = (): void => {
    const nowMs = clock.now();
    const { state, ended } = endBrakes(control.snapshot(), nowMs);
    if (ended.length === 0) return;
    const at = new Date(nowMs).toISOString();
    try {
      keep(
        state,
        ended.map((brake) => ({ at, action: "ended", ...brake, who: null, why: null })),
      );
      lastWarning = "";
    } catch (error) {
      const warning = `the end of a brake could not be written down: ${describeError(error)}`;
      if (warning !== lastWarning) onWarning(warning);
      lastWarning = warning;
    }
  };
  settle();
  return {
    ...control,
    settle,
    change: (change) => {
      checkChange(change, settings);
      settle();
      const { position, targets, site, forMs, who, why } = change;
      const nowMs = clock.now();
      const until = forMs === null ? null : new Date(nowMs + forMs).toISOString();
      const at = new Date(nowMs).toISOString();
      const names = targets.map((target) => ({ target, site }));
      const lines = names.map((name): AuditLine => ({ at, action: "set", ...name, position, until, who, why }));
      try {
        keep(setBrakes(control.snapshot(), names, { position, until, by: { at, who, why } }), lines);
      } catch (cause) {
        const message = `${dataDir} could not take the change, and nothing was changed: ${describeError(cause)}`;
        throw new PasserbyError("data_dir_unusable", message, { cause });
      }
    },
  };
}

/** Reads what is set in a data directory; nothing where there is no file. Throws `data_dir_unusable`. */
export function readControlState(dataDir: string): ControlState {
  const path = join(dataDir, FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return NOTHING_SET;
    throw new PasserbyError("data_dir_unusable", `${path} cannot be read: check its owner and mode (0600)`, { cause });
  }
  const value = parseJson(text);
  if (isControlState(value)) return value;
  throw new PasserbyError(
    "data_dir_unusable",
    `${path} is damaged: move it away and set again with passerby brake what control-audit.jsonl says`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkChange({ position, targets, site, why }: BrakeChange, settings: ControlFileOptions["settings"]): void {
  const refuse = (message: string): never => {
    throw new PasserbyError("invalid_request", message);
  };
  if (why !== null && !isReason(why)) {
    refuse(`a reason has 1 to ${MAX_REASON_CHARACTERS} characters, all printable and on one line`);
  }
  if (site !== null) {
    const known = settings.sites.map(({ name }) => name);
    if (!known.includes(site)) refuse(`${site} is no configured site: give one of ${known.join(", ")}`);
    if (typeof position === "number") refuse("a rate is for all sites: leave out the site, or switch it on or off");
  }
  const { minTrackerRate } = settings;
  if (typeof position !== "number" || !targets.includes("tracker")) return;
  if (position > 0 && position < minTrackerRate) {
    refuse(
      `${position} is below the lowest rate believed from a tracker, METRICS_MIN_TRACKER_RATE=${minTrackerRate}: ` +
        "its events would be refused; give that or more, or 0",
    );
  }
}
