"""The processor's name, governor, steal and usable cores."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from concurbench import machine
from concurbench.machine import processor
from tests.machine.recorded import linux

GUEST = "flags\t: fpu hypervisor\n"


@pytest.mark.parametrize(
    ("model", "short"),
    [
        ("AMD EPYC 7B13 64-Core Processor", "AMD EPYC 7B13"),
        ("Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz", "Intel Core i7-8550U"),
        ("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "Intel Core i7-1165G7"),
        ("AMD Ryzen 7 5800U with Radeon Graphics", "AMD Ryzen 7 5800U"),
        ("AMD Ryzen 7 7840U w/ Radeon 780M Graphics", "AMD Ryzen 7 7840U"),
        ("Apple M1 Pro", "Apple M1 Pro"),
    ],
)
def test_the_short_name_leaves_out_words_without_information(model: str, short: str) -> None:
    assert processor.short_name(model) == short


@pytest.mark.parametrize(
    ("model", "exact"),
    [
        ("AMD EPYC 7B13", "known"),
        ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "known"),
        ("AMD EPYC", "hidden"),
        ("AMD EPYC-Milan-v2 Processor", "hidden"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "hidden"),
        ("Intel Core Processor (Skylake, IBRS, v4)", "hidden"),
        ("QEMU Virtual CPU version 2.5+", "hidden"),
    ],
)
def test_a_name_without_a_number_is_not_exact(tmp_path: Path, model: str, exact: str) -> None:
    host = linux(tmp_path, {"proc/cpuinfo": f"model name\t: {model}\n{GUEST}"})
    assert processor.exact(host) == exact


def test_a_processor_without_a_name_gets_its_architecture_and_numbers_as_name(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"}
    assert processor.model(linux(tmp_path, files, machine="aarch64")) == "aarch64 0x41 0xd0c"
    assert processor.model(linux(tmp_path / "empty", {}, machine="riscv64")) == "riscv64"


def test_cores_are_counted_by_their_ids_and_those_without_ids_are_left_out(tmp_path: Path) -> None:
    ids = [(0, 0), (0, 0), (0, 1), (1, 0)]
    text = "".join(f"physical id\t: {package}\ncore id\t\t: {core}\n\n" for package, core in ids)
    host = linux(tmp_path, {"proc/cpuinfo": f"{text}physical id\t: 1\n"})
    assert processor.physical_cores(host) == 3
    assert processor.smt(host) == "on"


def test_all_governors_are_listed(tmp_path: Path) -> None:
    files = {
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    }
    assert processor.governor(linux(tmp_path, files)) == "performance, powersave"


@pytest.mark.parametrize(
    ("stat", "steal"),
    [
        ("cpu  1 2 3 4 5 6 7 0 0 0\ncpu0 1 2 3 4 5 6 7 9 0 0\n", "never counted"),
        ("cpu  1 2 3 4 5 6 7 8 0 0\n", "reported"),
        ("cpu  1 2 3 4\n", "unknown"),
    ],
)
def test_steal_distinguishes_reported_never_counted_and_unknown(
    tmp_path: Path, stat: str, steal: str
) -> None:
    assert processor.steal(linux(tmp_path, {"proc/stat": stat})) == steal


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity")
def test_the_usable_cores_follow_the_current_affinity() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert machine.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert 1 <= machine.usable_cores() <= len(before)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"usable_cores": 2, "cpu_quota": 1.5, "python_cores": 4},
            "this process may use 1.5 cores (its CPU quota), but Python reports 4: pools sized by that "
            "are too large, so name the number of workers",
        ),
        ({"usable_cores": 2, "cpu_quota": "none", "python_cores": 4}, "2 cores (its affinity)"),
        (
            {"usable_cores": 4, "cpu_quota": "none", "python_cores": 2},
            "that are too small",
        ),
        ({"usable_cores": 1, "cpu_quota": 1.0, "python_cores": 2}, "1 core (its CPU quota)"),
        ({"usable_cores": 4, "cpu_quota": 8, "python_cores": 8}, "4 cores (its affinity)"),
        ({"usable_cores": 4, "cpu_quota": "none", "python_cores": 4}, ""),
        ({"usable_cores": 2, "cpu_quota": 2.0, "python_cores": 2}, ""),
        ({"usable_cores": 2, "python_cores": "unknown"}, ""),
        ({}, ""),
    ],
)
def test_a_sentence_says_if_python_reports_other_cores_than_the_process_may_use(
    facts: dict[str, object], sentence: str
) -> None:
    found = machine.reported_otherwise(facts)
    assert sentence in found
    assert bool(sentence) == bool(found)
