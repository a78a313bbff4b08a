/** Section 9 outside of the compose file: the process that runs, as /proc shows it, and units of systemd. */
import {
  judgeProcessCapabilities,
  judgeProcessConfinement,
  judgeProcessPrivileges,
  judgeProcessRoot,
  judgeProcessUser,
} from "../deployment/data-dir/judge-process.ts";
import { judgeUnitHardening, judgeUnitUser } from "../deployment/systemd/judge-units.ts";
import type { Row } from "./check-row.ts";

/** Of the collector that runs, by the data directory. */
export const PROCESS_ROWS: readonly Row[] = [
  [
    { id: "security.process-user", line: "9.1", severity: "high", run: judgeProcessUser },
    "The collector that runs is not root",
    "Finds the process that holds the log open, and reads Uid in /proc/PID/status.",
    "Give it a user of its own.",
  ],
  [
    { id: "security.process-capabilities", line: "9.1", severity: "medium", run: judgeProcessCapabilities },
    "The collector that runs has no capability, and can get none",
    "Reads CapEff and CapBnd in /proc/PID/status.",
    "Drop all capabilities.",
  ],
  [
    { id: "security.process-privileges", line: "9.1", severity: "medium", run: judgeProcessPrivileges },
    "The collector that runs cannot gain privileges",
    "Reads NoNewPrivs in /proc/PID/status.",
    "Write no-new-privileges:true, or NoNewPrivileges=true.",
  ],
  [
    { id: "security.process-root", line: "9.2", severity: "medium", run: judgeProcessRoot },
    "The root file system of the collector that runs is read-only",
    "Reads the options of / in /proc/PID/mountinfo.",
    "Write read_only: true, or ProtectSystem=strict.",
  ],
  [
    { id: "security.process-confined", line: "9.3", severity: "medium", run: judgeProcessConfinement },
    "The system calls of the collector that runs are filtered, and AppArmor or SELinux holds it where the kernel has one",
    "Reads Seccomp in /proc/PID/status and /proc/PID/attr/current.",
    "Leave Docker's profiles on, or write SystemCallFilter= in the unit.",
  ],
];

/** Of the units in the repository. */
export const UNIT_ROWS: readonly Row[] = [
  [
    { id: "security.unit-user", line: "9.1", severity: "high", run: judgeUnitUser },
    "The units of systemd do not run as root",
    "Finds units that run passerby in the repository, and reads User.",
    "Write User=passerby.",
  ],
  [
    { id: "security.unit-hardening", line: "9.2", severity: "medium", run: judgeUnitHardening },
    "The units of systemd may write to their data only, and are bounded",
    "Reads ProtectSystem, NoNewPrivileges and others under [Service].",
    "Write the units as deploy/systemd has them.",
  ],
];
