"""The operating system, and the hypervisor or container it runs in."""

from __future__ import annotations

import re

from concurbench.machine import cgroups
from concurbench.machine.card import HIDDEN, UNKNOWN, Field, context, identity
from concurbench.machine.host import Host

NO = "no"

MAKERS = {
    "vmware": "vmware",
    "innotek": "virtualbox",
    "virtualbox": "virtualbox",
    "microsoft corporation virtual machine": "hyperv",
    "parallels": "parallels",
    "bhyve": "bhyve",
    "xen": "xen",
    "apple virtualization": "apple",
    "kvm": "kvm",
    "amazon ec2": "kvm",
    "google": "kvm",
    "openstack": "kvm",
    "digitalocean": "kvm",
}
"""A text in the names of a virtual machine's firmware -> the hypervisor."""

CLOCKS = {"kvm-clock": "kvm", "hyperv": "hyperv", "xen": "xen"}
"""The name of the hypervisor's clock source -> the hypervisor."""

ENGINES = {
    "kubepods": "kubernetes",
    "/docker/": "docker",
    "/docker-": "docker",
    "/libpod": "podman",
    "/lxc/": "lxc",
    "/lxc.payload": "lxc",
    "cri-containerd": "containerd",
}
"""A text in the path of a container's control group -> the container engine. (The daemon's own group,
as in ``docker.service``, is not that of a container.)"""

LAYERED = frozenset(("overlay", "aufs", "fuse.fuse-overlayfs"))
"""The file systems of a container's root."""


def fields(host: Host) -> list[Field]:
    return [
        identity("system", "system", name(host)),
        identity("virtual_machine", "virtual machine", virtual_machine(host)),
        context("container", "container", container(host)),
        context("distribution", "distribution", distribution(host)),
        context("kernel", "kernel", host.uname.release),
        context("architecture", "architecture", host.uname.machine),
    ]


def name(host: Host) -> str:
    """The operating system in one word; WSL 1 and WSL 2 are systems of their own."""
    release = host.uname.release.lower()
    if host.is_linux and "microsoft" in release:
        return "wsl2" if "standard" in release or "wsl2" in release else "wsl1"
    if host.is_linux and host.has("proc/sys/fs/binfmt_misc/WSLInterop"):
        return "wsl2"  # only WSL 2 can run a kernel of any name
    return {"darwin": "macos"}.get(host.uname.system.lower(), host.uname.system.lower())


def distribution(host: Host) -> str:
    if host.is_linux:
        found = re.search(r'^PRETTY_NAME="?(.*?)"?$', host.read("etc/os-release"), re.MULTILINE)
        return found.group(1) if found else UNKNOWN
    return host.fallback().distribution or f"{host.uname.system} {host.uname.version}"


def virtual_machine(host: Host) -> str:
    """The hypervisor; ``vm`` for one without a known name, ``no`` for none."""
    if host.uname.system == "Darwin":
        # Apple's kernel for its own virtual machines. Other hypervisors cannot be detected.
        return "apple" if "VMAPPLE" in host.uname.version else UNKNOWN
    if not host.is_linux or name(host) == "wsl1":
        return UNKNOWN
    if name(host) == "wsl2":
        return "hyperv"
    return _hypervisor(host) if _is_virtual(host) else NO


def is_virtual(host: Host) -> bool:
    """Whether this is known to be a virtual machine."""
    return virtual_machine(host) not in (NO, UNKNOWN)


def hidden_or_unknown(host: Host) -> str:
    """The value of a fact that this system should show and does not."""
    return HIDDEN if is_virtual(host) else UNKNOWN


def _is_virtual(host: Host) -> bool:
    flags = re.search(r"^flags\s*:(.*)$", host.read("proc/cpuinfo"), re.MULTILINE)
    if flags:
        return "hypervisor" in flags.group(1).split()
    # Only Intel's and AMD's processors have this flag.
    if host.has("sys/hypervisor/type") or host.has("proc/device-tree/hypervisor"):
        return True
    return _hypervisor(host) != "vm" and ".metal" not in _firmware(host)


def _hypervisor(host: Host) -> str:
    firmware = _firmware(host)
    clocks = host.read("sys/devices/system/clocksource/clocksource0/available_clocksource")
    named = [kind for maker, kind in MAKERS.items() if maker in firmware]
    named += [kind for clock, kind in CLOCKS.items() if clock in clocks]
    # QEMU comes last: KVM machines have its name, too.
    named += [host.read("sys/hypervisor/type"), "qemu" if "qemu" in firmware else ""]
    return next(filter(None, named), "vm")


def _firmware(host: Host) -> str:
    files = ("sys_vendor", "product_name", "bios_vendor", "board_vendor", "product_version")
    return " ".join(host.read(f"sys/class/dmi/id/{file}") for file in files).lower()


def container(host: Host) -> str:
    """The container engine; ``no``, with the reason where only some signs of a container exist."""
    if not host.is_linux:
        return UNKNOWN
    if engine := _engine(host):
        return engine
    mounts = {mount.point: mount for mount in cgroups.mounts(host)}
    root = mounts.get("/", cgroups.Mount("", "/", "unknown", frozenset()))
    contained = root.kind in LAYERED or "/docker/" in root.root or "/containers/" in root.root
    if host.has(".dockerenv"):
        image = f"{NO}: /.dockerenv exists, but / is {root.kind}: a system made from an image"
        return "docker" if contained else image
    # A layered root alone may also be a live system. Container engines mount this file over the image's
    # own.
    return "yes, of an unknown kind" if contained and "/etc/hosts" in mounts else NO


def _engine(host: Host) -> str:
    """The container engine, by an environment variable, a file or a control group."""
    if "KUBERNETES_SERVICE_HOST" in host.environ:
        return "kubernetes"
    if host.has("run/.containerenv"):
        return "podman"
    groups = " ".join(cgroups.paths(host).values())
    named = [engine for part, engine in ENGINES.items() if part in groups]
    return next(iter(named), host.read("run/systemd/container") or host.environ.get("container", ""))
