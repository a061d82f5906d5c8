"""The command ``machine``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concurbench import machine, pyproject
from concurbench.cli import main
from concurbench.machine import command
from concurbench.report.text import as_text
from tests.machine.recorded import NAMES, PLAIN, recorded

ROOT = Path(__file__).parents[2]


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["machine", *arguments])


def shown(name: str) -> str:
    return as_text(command.as_table(machine.card(host=recorded(name), python=PLAIN)), 80)


def test_the_folder_comes_first_and_each_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = asked().output.splitlines()
    assert lines[0] == machine.folder()
    assert {line.split()[-1] for line in lines if line.startswith("  ")} >= set(machine.Kind)
    assert any(line.split()[:1] == ["httpx"] for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_fits_80_columns_and_cuts_nothing_short(name: str) -> None:
    text = shown(name)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_volatile_fields_come_last() -> None:
    kinds = [line.split()[-1] for line in shown("native-linux").splitlines() if line.startswith("  ")]
    assert set(kinds[kinds.index("volatile") :]) == {"volatile"}


def test_a_virtual_machine_says_what_it_hides_and_what_that_means() -> None:
    told = " ".join(shown("firecracker").split())
    assert "hides: exact CPU model, physical cores, SMT, governor, boost." in told
    assert "compare runs made side by side" in told
    assert "This virtual machine" not in shown("native-linux")


def test_a_virtual_machine_that_never_reported_steal_says_what_that_means() -> None:
    assert "has never reported steal" in shown("wsl2")
    assert "has never reported steal" not in shown("virtual-machine")


def test_json_has_the_folder_and_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = json.loads(asked("--json").output)
    assert said["folder"] == machine.folder()
    fields = {field["name"]: field for field in said["fields"]}
    assert fields["cpu"]["kind"] == "identity"
    assert fields["kernel"]["kind"] == "context"
    assert fields["steal"]["kind"] == "volatile"
    assert fields["packages.httpx"]["value"] == __import__("httpx").__version__


def test_it_works_outside_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked().exit_code == 0
    assert pyproject.timed(tmp_path) == ["pytest-benchmark"]


@pytest.mark.parametrize(
    "said",
    [
        "[tool.concurbench]\ntimed = 'httpx'",
        "[tool.concurbench]\ntimed = [1]",
        "[tool]\nconcurbench = 1",
    ],
)
def test_a_wrong_list_of_packages_is_one_sentence(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"{said}\n")
    answer = asked()
    assert answer.exit_code == 2
    assert "expected timed as a list of packages" in answer.output


@pytest.mark.parametrize("kind", machine.Kind)
def test_the_manual_names_every_field_under_its_kind(kind: machine.Kind) -> None:
    manual = (ROOT / "docs/reading.md").read_text(encoding="utf-8")
    vague = recorded("firecracker")  # its CPU's name is no one model's
    [row] = re.findall(rf"^\| {kind} \|(.*?)\|", manual, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", row)) - {"packages", "timed", "volatile"}
    assert named == {field.name for field in machine.card(host=vague).fields if field.kind == kind}
