/** Section 9 by the files and by /proc: who the services run as, what they may write, and what holds them. */
import type { Check } from "../check.ts";
import {
  judgeGrace,
  judgeImages,
  judgeInit,
  judgeLimits,
  judgeLogging,
  judgeMounts,
  judgeOpenFiles,
  judgeReadOnly,
  judgeScratch,
  judgeTmpfs,
} from "../deployment/hardening/judge-container.ts";
import { judgeEdgeParts, judgeLowPorts } from "../deployment/hardening/judge-edge.ts";
import {
  judgeAdmin,
  judgeCollectorHidden,
  judgeConnected,
  judgeEdgePublished,
  judgeInternal,
  judgeOnlyEdge,
  judgeProxyNamed,
  judgeProxyNarrow,
} from "../deployment/hardening/judge-exposure.ts";
import { judgeHealthchecks } from "../deployment/hardening/judge-healthcheck.ts";
import { judgeNginxVersion } from "../deployment/hardening/judge-nginx-version.ts";
import {
  judgeAdded,
  judgeConfined,
  judgeDockerfileUser,
  judgeDropped,
  judgeIsolated,
  judgeNewPrivileges,
  judgeUser,
} from "../deployment/hardening/judge-privileges.ts";
import type { Row } from "./check-row.ts";
import { PROCESS_ROWS, UNIT_ROWS } from "./running-rows.ts";

const READS = "environment.compose-reads";
const PARSES = "environment.settings-parse";

const HOW_KEY = "Reads the key of edge, collector and rotator in the compose file.";

/** Of the compose file alone. */
const COMPOSE_ROWS: readonly Row[] = [
  [
    { id: "security.user", line: "9.1", severity: "high", run: judgeUser },
    "Edge, collector and rotator do not run as root",
    "Reads user of each service; without it USER of the Dockerfile that it is built by. The checklist has 1001; another user than root will do.",
    'Write user: "1001:1001".',
  ],
  [
    { id: "security.image-user", line: "9.1", severity: "medium", run: judgeDockerfileUser },
    "The image itself ends with a user that is not root",
    "Reads the last USER of the Dockerfile of collector and rotator.",
    "End the Dockerfile with USER 1001:1001.",
  ],
  [
    { id: "security.capabilities-dropped", line: "9.1", severity: "high", run: judgeDropped },
    "Every capability is dropped",
    HOW_KEY,
    "Write cap_drop: [ALL].",
  ],
  [
    { id: "security.capabilities-added", line: "9.1", severity: "high", run: judgeAdded },
    "No capability is added",
    HOW_KEY,
    "Take cap_add out.",
  ],
  [
    { id: "security.no-new-privileges", line: "9.1", severity: "high", run: judgeNewPrivileges },
    "No program in a container can gain privileges",
    HOW_KEY,
    "Write security_opt: [no-new-privileges:true].",
  ],
  [
    { id: "security.isolated", line: "9.1", severity: "critical", run: judgeIsolated },
    "No service of the compose file has a way out of its container",
    "Looks for privileged, devices, namespaces of the host, and mounts of the machine's own folders and of Docker's socket.",
    "Take it out.",
  ],
  [
    { id: "security.limits", line: "9.1", severity: "medium", run: judgeLimits },
    "Memory, processors and processes of each service are bounded",
    "Reads mem_limit, cpus and pids_limit, or the limits under deploy.",
    "Give mem_limit, cpus and pids_limit.",
  ],
  [
    { id: "security.open-files", line: "9.1", severity: "low", run: judgeOpenFiles },
    "Edge and collector may open as many files as connections are let in",
    "Compares ulimits.nofile with METRICS_MAX_CONNECTIONS.",
    "Write ulimits: nofile: { soft: 65536, hard: 65536 }.",
  ],
  [
    { id: "security.images-pinned", line: "9.1", severity: "medium", run: judgeImages },
    "Each image is named by a whole version or a digest",
    "Reads image of each service, and FROM of the Dockerfiles.",
    "Name a whole version or a digest, never latest.",
  ],
  [
    { id: "security.nginx-mended", line: "9.1", severity: "high", run: judgeNginxVersion },
    "The edge's nginx has none of the holes that were published until this version of Passerby was made",
    "Compares the version in the image's name, of an image that nginx publishes, with the versions that nginx has mended.",
    "Name an image of a mended version, and pull it: docker compose pull edge && docker compose up -d edge.",
  ],
  [
    { id: "security.init", line: "9.1", severity: "medium", run: judgeInit },
    "The collector is not process 1 of its container",
    "Reads init of the collector.",
    "Write init: true.",
  ],
  [
    { id: "security.collector-hidden", line: "9.1", severity: "critical", run: judgeCollectorHidden },
    "The collector can be reached through the edge only",
    "Looks for published ports of the collector, and for the network of the host.",
    "Take ports out of the collector's service, or publish on 127.0.0.1.",
  ],
  [
    { id: "security.only-edge-published", line: "9.1", severity: "high", run: judgeOnlyEdge },
    "Nothing but the edge listens to the world",
    "Looks for ports of other services that are not published on 127.0.0.1.",
    "Publish on 127.0.0.1, or not at all.",
  ],
  [
    { id: "security.edge-published", line: "9.4", severity: "critical", run: judgeEdgePublished },
    "Browsers reach the edge on ports 443 and 80",
    "Looks for both among the ports of the edge, and for a network that is not internal.",
    'Write ports: ["80:80", "443:443"].',
  ],
  [
    { id: "security.edge-connected", line: "3.2", severity: "critical", run: judgeConnected },
    "Edge and collector share a network",
    "Compares the networks of both services.",
    "Put both into one internal network.",
  ],
  [
    { id: "security.internal-networks", line: "9.1", severity: "medium", run: judgeInternal },
    "Collector and rotator can reach nothing outside",
    "Looks for internal: true of each network that they are in.",
    "Write internal: true for the network, and network_mode: none for the rotator.",
  ],
  [
    { id: "security.edge-complete", line: "3.1", severity: "critical", run: judgeEdgeParts },
    "The edge has the files, the domain and the certificate that it starts with",
    "Looks for the mounts, variables and secrets of our edge in the compose file; an edge of your own is left to nginx -t.",
    "Write the service as deploy/docker-compose.full.yml has it.",
  ],
  [
    { id: "security.edge-low-ports", line: "9.1", severity: "high", run: judgeLowPorts },
    "The edge may listen on 80 and 443 without being root",
    "Reads sysctls of the edge.",
    'Write net.ipv4.ip_unprivileged_port_start: "0" under sysctls.',
  ],
  [
    { id: "security.read-only", line: "9.2", severity: "high", run: judgeReadOnly },
    "The root file systems of edge, collector and rotator are read-only",
    HOW_KEY,
    "Write read_only: true.",
  ],
  [
    { id: "security.scratch", line: "9.2", severity: "high", run: judgeScratch },
    "A service with a read-only root has memory where it has to write",
    "Looks for /tmp of collector and rotator, and for the folders that nginx and the entry point of its image write to.",
    "Add the folder to tmpfs.",
  ],
  [
    { id: "security.tmpfs", line: "9.2", severity: "medium", run: judgeTmpfs },
    "Each tmpfs has a size, and its service may write to it",
    "Reads the options of each, against the user of the service.",
    "Write uid=1001,gid=1001,mode=0700,size=16m behind the folder.",
  ],
  [
    { id: "security.mounts-read-only", line: "9.2", severity: "medium", run: judgeMounts },
    "Code and configuration are mounted read-only",
    "Looks for ro among the options of what is mounted from the machine where code and configuration lie.",
    "Add :ro.",
  ],
  [
    { id: "security.confined", line: "9.3", severity: "high", run: judgeConfined },
    "AppArmor, SELinux and seccomp hold the services where the kernel has them",
    "Looks in security_opt for what switches them off, and for a profile that is named; without one Docker's own holds.",
    "Take unconfined out; deploy/docker-compose.apparmor.yml puts the narrower profile in.",
  ],
  [
    { id: "health.healthchecks", line: "7.3", severity: "medium", run: judgeHealthchecks },
    "Docker sees whether edge, collector and rotator work",
    "Reads the health check of each service, and whether what it runs can fail.",
    "Write the health checks of deploy/docker-compose.full.yml.",
  ],
  [
    { id: "health.logs-bounded", line: "7.5", severity: "medium", run: judgeLogging },
    "The logs of the services are kept, and do not fill the disk",
    "Reads logging of each service.",
    "Write options: { max-size: 10m } for json-file.",
  ],
  [
    { id: "health.time-to-drain", line: "11.2", severity: "medium", run: judgeGrace },
    "The collector has the time to drain before it is killed",
    "Reads stop_grace_period of the collector; without it Docker's 10 s.",
    "Write stop_grace_period: 15s.",
  ],
];

const SETTING_ROWS: readonly Row[] = [
  [
    { id: "security.proxy-trusted", line: "2.4", severity: "critical", run: judgeProxyNamed },
    "TRUSTED_PROXIES names the edge",
    "Compares it with the addresses that the edge has where the collector is.",
    "Set TRUSTED_PROXIES to the address of the edge.",
  ],
  [
    { id: "security.proxies-narrow", line: "2.4", severity: "high", run: judgeProxyNarrow },
    "TRUSTED_PROXIES names nobody but the edge",
    "Compares each range with the network of the edge.",
    "Name the address of the edge alone.",
  ],
  [
    { id: "security.metrics-private", line: "7.4", severity: "high", run: judgeAdmin },
    "The figures for Prometheus are seen by the monitoring only",
    "Compares METRICS_ADMIN_LISTEN with the collector's addresses, its ports, and the networks of the edge.",
    "Listen on 127.0.0.1, or on the address in the monitoring network.",
  ],
];

type Rest = Pick<Check, "needs" | "may" | "after">;

function checksOf(rows: readonly Row[], rest: Rest): readonly Check[] {
  return rows.map(([{ run, ...first }, asks, how, remedy]) => ({ ...first, asks, how, remedy, ...rest, run }));
}

/** Checks that mean nothing where another one failed, beside those of their rows. */
const ALSO_AFTER: Readonly<Record<string, readonly string[]>> = {
  "security.image-user": ["security.user"],
  "security.scratch": ["security.read-only"],
  "security.edge-complete": ["environment.variables-given", "environment.compose-references", "security.edge-tls"],
  "security.edge-connected": ["environment.compose-references"],
  "security.proxy-trusted": ["security.edge-connected", "environment.compose-addresses"],
  "security.proxies-narrow": ["security.proxy-trusted"],
  "security.metrics-private": ["environment.compose-addresses"],
  "security.edge-published": ["environment.compose-references", "edge.ports-published"],
  "security.internal-networks": ["environment.compose-references", "security.collector-hidden"],
};

const ALL: readonly Check[] = [
  ...checksOf(COMPOSE_ROWS, { needs: ["compose"], after: [READS, "environment.compose-valid"] }),
  ...checksOf(SETTING_ROWS, {
    needs: ["settings"],
    may: ["compose"],
    after: [READS, PARSES, "environment.compose-valid"],
  }),
  ...checksOf(PROCESS_ROWS, { needs: ["data_dir"], after: ["rotation.data-directory-opens"] }),
  ...checksOf(UNIT_ROWS, { needs: ["repo"], after: ["version-control.repository-opens"] }),
];

export const SECURITY_CHECKS: readonly Check[] = ALL.map((check) => ({
  ...check,
  after: [...(check.after ?? []), ...(ALSO_AFTER[check.id] ?? [])],
}));
