/** Keys and values that Compose takes (the Compose specification), as far as a wrong one would be left unseen. */

export const PROJECT_KEYS: readonly string[] = [
  ...["version", "name", "services", "networks", "volumes", "secrets", "configs", "include", "models"],
];

export const SERVICE_KEYS: readonly string[] = [
  ...["annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "command"],
  ...["configs", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period"],
  ...["cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "credential_spec", "depends_on", "deploy", "develop"],
  ...["device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "domainname", "entrypoint", "env_file"],
  ...["environment", "expose", "extends", "external_links", "extra_hosts", "gpus", "group_add", "healthcheck"],
  ...["hostname", "image", "init", "ipc", "isolation", "label_file", "labels", "links", "logging", "mac_address"],
  ...["mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "models", "network_mode", "networks"],
  ...["oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform", "ports", "post_start", "pre_stop"],
  ...["privileged", "profiles", "provider", "pull_policy", "read_only", "restart", "runtime", "scale", "secrets"],
  ...["security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "storage_opt", "sysctls"],
  ...["tmpfs", "tty", "ulimits", "use_api_socket", "user", "userns_mode", "uts", "volumes", "volumes_from"],
  "working_dir",
];

/** Keys of maps inside a service. */
export const INNER_KEYS: Readonly<Record<string, readonly string[]>> = {
  healthcheck: ["disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"],
  logging: ["driver", "options"],
  build: [
    ...["additional_contexts", "args", "cache_from", "cache_to", "context", "dockerfile", "dockerfile_inline"],
    ...["entitlements", "extra_hosts", "isolation", "labels", "network", "no_cache", "platforms", "privileged"],
    ...["provenance", "pull", "sbom", "secrets", "shm_size", "ssh", "tags", "target", "ulimits"],
  ],
};

export const NETWORK_KEYS: readonly string[] = [
  ...["attachable", "driver", "driver_opts", "enable_ipv4", "enable_ipv6", "external", "internal", "ipam"],
  ...["labels", "name"],
];

const DURATION = /^(\d+(\.\d+)?(us|ms|s|m|h))+$/;
const BYTES = /^\d+(\.\d+)?\s*([kmgt]?b|[kmgt])?$/i;
const TRUTH = /^(true|false)$/;

/** What a value has to look like, by its path in the service joined with dots, and how that is said. */
export const VALUE_FORMS: Readonly<Record<string, { readonly form: RegExp; readonly says: string }>> = {
  restart: {
    form: /^(no|false|always|unless-stopped|on-failure(:\d+)?)$/,
    says: "no, always, unless-stopped or on-failure",
  },
  read_only: { form: TRUTH, says: "true or false" },
  init: { form: TRUTH, says: "true or false" },
  privileged: { form: TRUTH, says: "true or false" },
  mem_limit: { form: BYTES, says: "a size such as 512m" },
  cpus: { form: /^\d*\.?\d+$/, says: "a number such as 1.0" },
  pids_limit: { form: /^-?\d+$/, says: "a whole number" },
  stop_grace_period: { form: DURATION, says: "a time such as 15s" },
  network_mode: {
    form: /^(none|host|bridge|default|(service|container):.+)$/,
    says: "none, host, bridge or service:NAME",
  },
  user: { form: /^[\w.-]+(:[\w.-]+)?$/, says: "a user, with a group if you like: 1001:1001" },
  image: { form: /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/, says: "name:version" },
  "healthcheck.interval": { form: DURATION, says: "a time such as 30s" },
  "healthcheck.timeout": { form: DURATION, says: "a time such as 5s" },
  "healthcheck.start_period": { form: DURATION, says: "a time such as 60s" },
  "healthcheck.retries": { form: /^[1-9]\d*$/, says: "a whole number from 1" },
  "logging.driver": {
    form: /^(none|local|json-file|syslog|journald|gelf|fluentd|awslogs|splunk|gcplogs|etwlogs|loki.*|grafana\/.*)$/,
    says: "a driver of Docker such as json-file",
  },
  "logging.options.max-size": { form: /^\d+[kmg]?$/, says: "a size such as 10m" },
  "logging.options.max-file": { form: /^[1-9]\d*$/, says: "a whole number from 1" },
};

/** Options of a mount in its short form. */
export const MOUNT_OPTIONS: readonly string[] = [
  ...["ro", "rw", "z", "Z", "U", "nocopy", "copy", "cached", "delegated", "consistent"],
  ...["private", "rprivate", "shared", "rshared", "slave", "rslave", "rbind", "bind"],
];

/** Options of a tmpfs, without their values. */
export const TMPFS_OPTIONS: readonly string[] = [
  ...["ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "atime", "noatime"],
  ...["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "huge"],
];

export const SECURITY_OPTIONS: RegExp =
  /^(no-new-privileges([:=](true|false))?|(apparmor|seccomp|label|systempaths|credentialspec|writable-cgroups)[:=].+)$/;

/** Capabilities of Linux without CAP_. */
export const CAPABILITIES: readonly string[] = [
  ...["ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN"],
  ...["DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE"],
  ...["LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST"],
  ...["NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT"],
  ...["SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME"],
  ...["SYS_TTY_CONFIG", "WAKE_ALARM"],
];
