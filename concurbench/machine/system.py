"""The operating system, and whether there is a machine or another system below it."""

from __future__ import annotations

import re

from concurbench.machine import cgroups
from concurbench.machine.field import HIDDEN, NOT_TOLD, Field, context, identity
from concurbench.machine.host import Host
from concurbench.machine.mounts import Mount, mounts

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
"""What a virtual machine's firmware has in its names -> the hypervisor."""

CLOCKS = {"kvm-clock": "kvm", "hyperv": "hyperv", "xen": "xen"}
"""What the clock a hypervisor offers is called -> the hypervisor."""

ENGINES = {
    "kubepods": "kubernetes",
    "/docker/": "docker",
    "/docker-": "docker",
    "/libpod": "podman",
    "/lxc/": "lxc",
    "/lxc.payload": "lxc",
    "cri-containerd": "containerd",
}
"""What the path of a container's control group has in it -> what runs the container. (A daemon's own,
as in ``docker.service``, is not that of a container.)"""

LAYERED = frozenset(("overlay", "aufs", "fuse.fuse-overlayfs"))
"""The file systems a container's root is made of."""


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
    """The operating system in one word; Windows' own Linux is told from a native one."""
    release = host.uname.release.lower()
    if host.is_linux and "microsoft" in release:
        return "wsl2" if "standard" in release or "wsl2" in release else "wsl1"
    if host.is_linux and host.has("proc/sys/fs/binfmt_misc/WSLInterop"):
        return "wsl2"  # only there can the kernel be one's own, of any name
    return {"darwin": "macos"}.get(host.uname.system.lower(), host.uname.system.lower())


def distribution(host: Host) -> str:
    """Whose system it is, with its version."""
    if host.is_linux:
        said = re.search(r'^PRETTY_NAME="?(.*?)"?$', host.read("etc/os-release"), re.MULTILINE)
        return said.group(1) if said else NOT_TOLD
    return host.told().distribution or f"{host.uname.system} {host.uname.version}"


# -- virtual machines ---------------------------------------------------------------------------------


def virtual_machine(host: Host) -> str:
    """The hypervisor; ``vm`` where there is one that cannot be named, ``no`` where there is none."""
    if host.uname.system == "Darwin":
        # The kernel that Apple makes for its own virtual machines; any other hypervisor stays unseen.
        return "apple" if "VMAPPLE" in host.uname.version else NOT_TOLD
    if not host.is_linux or name(host) == "wsl1":
        return NOT_TOLD
    if name(host) == "wsl2":
        return "hyperv"
    return _hypervisor(host) if _is_virtual(host) else NO


def is_virtual(host: Host) -> bool:
    """Whether a hypervisor is known to be below."""
    return virtual_machine(host) not in (NO, NOT_TOLD)


def unseen(host: Host) -> str:
    """What to say of a fact that should be there and is not."""
    return HIDDEN if is_virtual(host) else NOT_TOLD


def _is_virtual(host: Host) -> bool:
    flags = re.search(r"^flags\s*:(.*)$", host.read("proc/cpuinfo"), re.MULTILINE)
    if flags:
        return "hypervisor" in flags.group(1).split()
    # Other processors than Intel's and AMD's have no such flag.
    if host.has("sys/hypervisor/type") or host.has("proc/device-tree/hypervisor"):
        return True
    return _hypervisor(host) != "vm" and ".metal" not in _firmware(host)


def _hypervisor(host: Host) -> str:
    firmware = _firmware(host)
    clocks = host.read("sys/devices/system/clocksource/clocksource0/available_clocksource")
    named = [kind for maker, kind in MAKERS.items() if maker in firmware]
    named += [kind for clock, kind in CLOCKS.items() if clock in clocks]
    # QEMU comes last: its name is there with KVM, too.
    named += [host.read("sys/hypervisor/type"), "qemu" if "qemu" in firmware else ""]
    return next(filter(None, named), "vm")


def _firmware(host: Host) -> str:
    files = ("sys_vendor", "product_name", "bios_vendor", "board_vendor", "product_version")
    return " ".join(host.read(f"sys/class/dmi/id/{file}") for file in files).lower()


# -- containers ---------------------------------------------------------------------------------------


def container(host: Host) -> str:
    """What runs the container this is in; ``no`` and the reason where there is only the look of one."""
    if not host.is_linux:
        return NOT_TOLD
    if running := _engine(host):
        return running
    root = next((mount for mount in reversed([*mounts(host)]) if mount.point == "/"), None)
    if root is not None and _of_a_container(root):
        if host.has(".dockerenv"):
            return "docker"
        # Layers alone may be a system on a medium that cannot be written. Container engines lay this
        # file over the image's own.
        if any(mount.point == "/etc/hosts" for mount in mounts(host)):
            return "yes, of an unknown kind"
    if host.has(".dockerenv"):
        kind = root.kind if root else "unknown"
        return f"{NO}: there is a /.dockerenv, but / is {kind}, as of a system made from an image"
    return NO


def _engine(host: Host) -> str:
    """What runs the container, where a file, a variable or a control group says so."""
    if "KUBERNETES_SERVICE_HOST" in host.environ:
        return "kubernetes"
    if host.has("run/.containerenv"):
        return "podman"
    for group in cgroups.paths(host).values():
        for part, engine in ENGINES.items():
            if part in group:
                return engine
    return host.read("run/systemd/container") or host.environ.get("container", "")


def _of_a_container(root: Mount) -> bool:
    return root.kind in LAYERED or "/docker/" in root.root or "/containers/" in root.root
