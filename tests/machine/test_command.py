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


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["machine", *arguments])


def shown(name: str) -> str:
    return as_text(command.as_table(machine.card(host=recorded(name), python=PLAIN)), 80)


def test_the_folder_comes_first_and_each_field_has_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = invoke().output.splitlines()
    assert lines[0] == machine.folder()
    assert {line.split()[-1] for line in lines if line.startswith("  ")} >= set(machine.Kind)
    assert any(line.split()[:1] == ["httpx"] for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_fits_80_columns_without_truncation(name: str) -> None:
    text = shown(name)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_volatile_fields_come_last() -> None:
    kinds = [line.split()[-1] for line in shown("native-linux").splitlines() if line.startswith("  ")]
    assert set(kinds[kinds.index("volatile") :]) == {"volatile"}


def test_the_card_of_a_virtual_machine_lists_hidden_facts_and_advises_on_comparisons() -> None:
    text = " ".join(shown("firecracker").split())
    assert "hides: exact CPU model, physical cores, SMT, governor, boost." in text
    assert "compare runs made side by side" in text
    assert "This virtual machine" not in shown("native-linux")


def test_the_card_of_a_virtual_machine_says_if_it_has_never_reported_steal() -> None:
    assert "has never reported steal" in shown("wsl2")
    assert "has never reported steal" not in shown("virtual-machine")


def test_json_has_the_folder_and_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    card = json.loads(invoke("--json").output)
    assert card["folder"] == machine.folder()
    fields = {field["name"]: field for field in card["fields"]}
    assert fields["cpu"]["kind"] == "identity"
    assert fields["kernel"]["kind"] == "context"
    assert fields["steal"]["kind"] == "volatile"
    assert fields["packages.httpx"]["value"] == __import__("httpx").__version__


def test_it_works_outside_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke().exit_code == 0
    assert pyproject.timed(tmp_path) == ["pytest-benchmark"]


@pytest.mark.parametrize(
    "table",
    [
        "[tool.concurbench]\ntimed = 'httpx'",
        "[tool.concurbench]\ntimed = [1]",
        "[tool]\nconcurbench = 1",
    ],
)
def test_a_wrong_list_of_packages_is_one_sentence(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"{table}\n")
    result = invoke()
    assert result.exit_code == 2
    assert "expected timed as a list of packages" in result.output


@pytest.mark.parametrize("kind", machine.Kind)
def test_the_manual_names_every_field_under_its_kind(kind: machine.Kind) -> None:
    manual = (ROOT / "docs/reading.md").read_text(encoding="utf-8")
    vague = recorded("firecracker")  # its CPU name covers several models
    [row] = re.findall(rf"^\| {kind} \|(.*?)\|", manual, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", row)) - {"packages", "timed", "volatile"}
    assert named == {field.name for field in machine.card(host=vague).fields if field.kind == kind}


def test_the_card_says_if_python_reports_more_cores_than_a_quota_allows() -> None:
    text = " ".join(shown("docker-quota-v2").split())
    assert "This process may use" in text
    assert "(its CPU quota), but Python reports 2: " in text
    assert "but Python reports" not in shown("firecracker")
