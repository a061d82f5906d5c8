"""The identity card: its facts, its folder, and the differences between two cards."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from concurbench import machine
from concurbench.machine import UNKNOWN, Kind, interpreter
from concurbench.machine.card import Card
from concurbench.machine.host import Host, Uname
from tests.machine.recorded import NAMES, PLAIN, python, recorded

WORK = """
import sys
started = []
sys.addaudithook(lambda event, _: started.append(event)
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "os.exec") else None)
from concurbench import machine
machine.card(["httpx"])
machine.folder()
print(started, [name for name in ("cpuinfo", "psutil") if name in sys.modules])
"""


def test_the_facts_are_the_values_of_the_card_by_name() -> None:
    facts = machine.facts(["httpx", "no-such-package"])
    assert facts["packages"] == {"httpx": __import__("httpx").__version__}
    assert facts["usable_cores"] == machine.usable_cores()
    assert facts["free_threaded"] == machine.free_threaded()
    assert json.loads(json.dumps(facts)) == facts


def test_only_volatile_facts_change_from_call_to_call() -> None:
    first, second = machine.facts(), machine.facts()
    assert set(first.pop("volatile")) == {"load", "clock_mhz", "steal", "memory_available_gib"}  # type: ignore[call-overload]
    del second["volatile"]
    assert first == second


def test_names_are_unique() -> None:
    names = [field.name for field in machine.card(["httpx"]).fields]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_name_consists_of_letters_digits_dots_and_dashes(name: str) -> None:
    folder = machine.card(host=recorded(name)).folder
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert "--" not in folder


def identity(card: Card) -> list[object]:
    return [field.value for field in card.fields if field.kind is Kind.IDENTITY]


def test_different_folders_have_different_identities() -> None:
    host = recorded("native-linux")
    cards = [
        machine.card(host=host, python=PLAIN),
        machine.card(host=replace(host, affinity=frozenset({0})), python=PLAIN),
        machine.card(host=host, python=python(jit="on")),
        machine.card(host=host, python=python(free_threaded=True)),
    ]
    assert len({card.folder for card in cards}) == len(cards)
    assert len({str(identity(card)) for card in cards}) == len(cards)


def with_another_model(name: str, folder: Path) -> Host:
    """The recorded machine of this name, with a processor of the same name and another number."""
    host = recorded(name)
    shutil.copytree(host.root, folder)
    cpuinfo = folder / "proc/cpuinfo"
    text = re.sub(r"^(model\t*: )\d+$", r"\g<1>99", cpuinfo.read_text(), flags=re.MULTILINE)
    cpuinfo.write_text(text)
    return replace(host, root=folder)


def test_processors_with_the_same_generic_name_are_distinguished_by_their_numbers(
    tmp_path: Path,
) -> None:
    one = machine.card(host=recorded("firecracker"), python=PLAIN)
    other = machine.card(host=with_another_model("firecracker", tmp_path / "other"), python=PLAIN)
    assert one.value("cpu") == other.value("cpu")
    assert (one.folder, other.folder) == (
        "linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11",
        "linux-kvm-amd-epyc-25.99.1-2c-cpython-3.11",
    )
    assert identity(one) != identity(other)


def test_a_processor_with_an_exact_name_needs_no_numbers(tmp_path: Path) -> None:
    one = machine.card(host=recorded("native-linux"), python=PLAIN)
    other = machine.card(host=with_another_model("native-linux", tmp_path / "other"), python=PLAIN)
    assert one.value("cpu_family") != other.value("cpu_family")
    assert one.folder == other.folder
    assert identity(one) == identity(other)


def test_context_does_not_change_the_folder() -> None:
    host = recorded("native-linux")
    newer = replace(host, uname=host.uname._replace(release="6.9.1"))
    base = machine.card(host=host, python=PLAIN)
    head = machine.card(host=newer, python=python(python_version="3.11.9"))
    assert base.folder == head.folder
    assert machine.differences(base.facts(), head.facts()) == [
        "kernel: 6.1.0-21-amd64 → 6.9.1", "python_version: 3.11.7 → 3.11.9",
    ]  # fmt: skip


def test_the_folder_can_name_another_interpreter() -> None:
    start = machine.folder().removesuffix(interpreter.name(interpreter.fields()).lower())
    assert machine.folder("CPython-3.13t") == f"{start}cpython-3.13t"


def test_only_differences_are_listed_old_before_new() -> None:
    base = {"cpu": "a", "packages": {"httpx": "0.27", "respx": "1"}, "local_server": {"uvicorn": "1"}}
    head = {"cpu": "b", "packages": {"httpx": "0.28", "respx": "1"}, "local_server": {"uvicorn": "2"}}
    assert machine.differences(base, head) == [
        "cpu: a → b", "local_server.uvicorn: 1 → 2", "packages.httpx: 0.27 → 0.28",
    ]  # fmt: skip
    assert machine.differences(head, head) == []


def test_a_fact_missing_from_an_older_file_is_no_difference_but_a_package_is() -> None:
    base = {"cpu": "a", "packages": {"httpx": "0.27"}}
    head = {"cpu": "a", "boost": "on", "packages": {"httpx": "0.27", "uvloop": "1"}}
    assert machine.differences(base, head) == ["packages.uvloop: not installed → 1"]


def test_volatile_facts_are_no_difference() -> None:
    assert machine.differences({"volatile": {"load": 0.1}}, {"volatile": {"load": 9.0}}) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_unknown_fact_about_the_host_has_its_reason(name: str) -> None:
    fields = list(machine.card(host=recorded(name), python=PLAIN).fields)
    assert [field.name for field in fields if bool(field.reason) != (field.value == UNKNOWN)] == []
    reasons = {field.reason for field in fields if field.reason}
    if name == "macos":
        assert reasons == {"not read on macos"}


def test_without_proc_and_sys_linux_facts_are_unknown_and_all_cores_count(tmp_path: Path) -> None:
    bare = Host(Uname("FreeBSD", "14.0-RELEASE", "", "amd64"), tmp_path, cores=4)
    card = machine.card(host=bare, python=PLAIN)
    unknown = {field.name: field.text for field in card.fields if field.value == UNKNOWN}
    assert unknown["memory_limit_gib"] == unknown["load"] == "unknown (not read on freebsd)"
    assert card.value("usable_cores") == 4
    assert card.folder == "freebsd-amd64-4c-cpython-3.11"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems need slow libraries")
def test_on_linux_a_card_starts_no_process_and_imports_nothing_slow() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
