"""Compiles a list of system calls that containers may make into the filter that the kernel takes, for one without capabilities.

Usage: compile-seccomp.py seccomp.json filter.bpf. The list is Podman's, in the form of Docker's, and allows to make namespaces
and mounts; Docker allows that with CAP_SYS_ADMIN only, and so does this filter.
"""

import json
import platform
import sys

import seccomp

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
# What Docker's default profile has under CAP_SYS_ADMIN, and Podman's for everybody.
ADMIN_ONLY = {
    *("clone", "clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree"),
    *("pivot_root", "setdomainname", "sethostname", "setns", "umount", "umount2", "unshare"),
}
# Every CLONE_NEW… flag: a process or thread without one of them may be made.
NAMESPACE_FLAGS = 0x7E020000
ENOSYS = 38

ACTIONS = {"SCMP_ACT_ALLOW": lambda _: seccomp.ALLOW, "SCMP_ACT_ERRNO": lambda errno: seccomp.ERRNO(errno)}
COMPARE = {
    "SCMP_CMP_EQ": lambda arg: seccomp.Arg(arg["index"], seccomp.EQ, arg["value"]),
    "SCMP_CMP_NE": lambda arg: seccomp.Arg(arg["index"], seccomp.NE, arg["value"]),
    "SCMP_CMP_MASKED_EQ": lambda arg: seccomp.Arg(arg["index"], seccomp.MASKED_EQ, arg["value"], arg["valueTwo"]),
}


def holds(rule, arch):
    """Says whether a rule is for a process without capabilities on this architecture."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("caps"):
        return False
    return arch in includes.get("arches", [arch]) and arch not in excludes.get("arches", [])


def main(source, target):
    with open(source, encoding="utf-8") as file:
        profile = json.load(file)
    arch = ARCHES[platform.machine()]
    if profile["defaultAction"] != "SCMP_ACT_ERRNO":
        raise SystemExit(f"{source} allows what it does not name")
    # The flags of clone3 lie in memory, where a filter cannot look: told that there is none, the C library takes clone.
    result = seccomp.SyscallFilter(seccomp.ERRNO(ENOSYS))
    for rule in profile["syscalls"]:
        if not holds(rule, arch):
            continue
        action = ACTIONS[rule["action"]](rule.get("errnoRet", 1))
        args = [COMPARE[arg["op"]](arg) for arg in rule.get("args") or []]
        for name in rule["names"]:
            if name in ADMIN_ONLY:
                continue
            try:
                result.add_rule(action, name, *args)
            except (RuntimeError, ValueError):
                # Unknown here, or what the default does anyway.
                continue
    result.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, NAMESPACE_FLAGS, 0))
    with open(target, "wb") as file:
        result.export_bpf(file)


main(*sys.argv[1:])
