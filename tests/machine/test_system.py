"""The operating system, the hypervisor and the container."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.machine import Host, system
from concurbench.machine.host import Uname
from tests.machine.recorded import linux

GUEST = "flags\t\t: fpu vme hypervisor lahf_lm\n"
NATIVE = "flags\t\t: fpu vme lahf_lm\n"
CLOCKS = "sys/devices/system/clocksource/clocksource0/available_clocksource"
MAKER = "sys/class/dmi/id/sys_vendor"
PRODUCT = "sys/class/dmi/id/product_name"
LAYERS = "473 387 0:143 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c\n"
DISK = "28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n"
HOSTS_FILE = "490 473 8:2 /x/hosts /etc/hosts rw,relatime - ext4 /dev/sda2 rw\n"


@pytest.mark.parametrize(
    ("name", "release", "expected"),
    [
        ("Linux", "6.1.0-18-amd64", "linux"),
        ("Linux", "5.15.153.1-microsoft-standard-WSL2", "wsl2"),
        ("Linux", "4.19.104-microsoft-standard", "wsl2"),
        ("Linux", "4.4.0-19041-Microsoft", "wsl1"),
        ("Darwin", "23.4.0", "macos"),
        ("Windows", "11", "windows"),
        ("FreeBSD", "14.0-RELEASE", "freebsd"),
    ],
)
def test_wsl_is_distinguished_from_native_linux(
    tmp_path: Path, name: str, release: str, expected: str
) -> None:
    assert system.name(Host(Uname(name, release, "", ""), tmp_path)) == expected


def test_wsl_with_a_custom_kernel_is_wsl2(tmp_path: Path) -> None:
    host = linux(tmp_path, {"proc/sys/fs/binfmt_misc/WSLInterop": "enabled\n"}, release="6.9.0-mine")
    assert system.name(host) == "wsl2"


@pytest.mark.parametrize(
    ("files", "below"),
    [
        ({"proc/cpuinfo": NATIVE, MAKER: "Google", CLOCKS: "tsc hpet"}, "no"),
        ({"proc/cpuinfo": GUEST}, "vm"),
        ({"proc/cpuinfo": GUEST, CLOCKS: "tsc kvm-clock"}, "kvm"),
        ({"proc/cpuinfo": GUEST, MAKER: "Amazon EC2", CLOCKS: "kvm-clock tsc"}, "kvm"),
        ({"proc/cpuinfo": GUEST, MAKER: "QEMU", CLOCKS: "kvm-clock tsc"}, "kvm"),
        ({"proc/cpuinfo": GUEST, MAKER: "QEMU", CLOCKS: "tsc"}, "qemu"),
        ({"proc/cpuinfo": GUEST, MAKER: "VMware, Inc.", PRODUCT: "VMware20,1"}, "vmware"),
        ({"proc/cpuinfo": GUEST, MAKER: "innotek GmbH", CLOCKS: "kvm-clock tsc"}, "virtualbox"),
        ({"proc/cpuinfo": GUEST, MAKER: "Xen", "sys/hypervisor/type": "xen"}, "xen"),
        ({"proc/cpuinfo": GUEST, "sys/hypervisor/type": "xen\n"}, "xen"),
        ({"proc/cpuinfo": GUEST, MAKER: "Microsoft Corporation", PRODUCT: "Virtual Machine"}, "hyperv"),
    ],
)
def test_a_virtual_machine_is_detected_by_its_flag_and_named_by_firmware_or_clock(
    tmp_path: Path, files: dict[str, str], below: str
) -> None:
    assert system.virtual_machine(linux(tmp_path, files)) == below


@pytest.mark.parametrize(
    ("files", "below"),
    [
        ({}, "no"),
        ({MAKER: "Amazon EC2", PRODUCT: "c7g.large"}, "kvm"),
        ({MAKER: "Amazon EC2", PRODUCT: "c7g.metal"}, "no"),
        ({"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, "vm"),
    ],
)
def test_a_processor_without_the_flag_is_judged_by_its_firmware(
    tmp_path: Path, files: dict[str, str], below: str
) -> None:
    files = {"proc/cpuinfo": "CPU implementer\t: 0x41\n", **files}
    assert system.virtual_machine(linux(tmp_path, files, machine="aarch64")) == below


@pytest.mark.parametrize(
    ("kernel", "below"), [("RELEASE_ARM64_VMAPPLE", "apple"), ("RELEASE_ARM64_T8103", "unknown")]
)
def test_on_macos_only_apples_own_virtual_machines_are_detected(
    tmp_path: Path, kernel: str, below: str
) -> None:
    version = f"Darwin Kernel Version 23.5.0: root:xnu-10063.121.3~5/{kernel}"
    assert system.virtual_machine(Host(Uname("Darwin", "23.5.0", version, "arm64"), tmp_path)) == below


@pytest.mark.parametrize(
    ("files", "environ", "container"),
    [
        ({"proc/self/mountinfo": DISK}, {}, "no"),
        (
            {"proc/self/mountinfo": DISK, "proc/self/cgroup": "0::/system.slice/docker.service"},
            {},
            "no",
        ),
        ({"proc/self/mountinfo": LAYERS, ".dockerenv": ""}, {}, "docker"),
        ({"proc/self/mountinfo": DISK, "proc/self/cgroup": "4:cpu:/docker/5f1c"}, {}, "docker"),
        ({"proc/self/cgroup": "0::/system.slice/docker-5f1c.scope"}, {}, "docker"),
        ({"proc/self/mountinfo": LAYERS, "run/.containerenv": ""}, {}, "podman"),
        ({"proc/self/mountinfo": LAYERS}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ({"proc/self/cgroup": "0::/kubepods.slice/x"}, {}, "kubernetes"),
        ({"proc/self/mountinfo": DISK}, {"container": "systemd-nspawn"}, "systemd-nspawn"),
        ({"proc/self/mountinfo": LAYERS + HOSTS_FILE}, {}, "yes, of an unknown kind"),
        ({"proc/self/mountinfo": LAYERS}, {}, "no"),
        (
            {"proc/self/mountinfo": DISK, ".dockerenv": ""},
            {},
            "no: /.dockerenv exists, but / is ext4: a system made from an image",
        ),
    ],
)
def test_a_container_is_detected_by_the_files_of_its_engine_and_by_its_root(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], container: str
) -> None:
    assert system.container(linux(tmp_path, files, environ=environ)) == container
