"""Listing and loading models: adding a file to a folder is enough."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import impls


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workload without models; it replaces the project's own workloads."""
    workload = tmp_path / "made_up"
    workload.mkdir()
    (workload / "__init__.py").touch()
    monkeypatch.setattr(impls, "HERE", tmp_path)
    monkeypatch.setattr(impls, "__path__", [str(tmp_path)])
    for module in [name for name in sys.modules if name.startswith("impls.made_up")]:
        monkeypatch.delitem(sys.modules, module)  # another test's
    return workload


def add(folder: Path, name: str, *lines: str) -> None:
    (folder / f"{name}.py").write_text("\n".join(['"""Made up: a title.', "", "More.", '"""', *lines]))


def test_the_projects_own_models_are_found() -> None:
    four = {"sequential", "threaded", "multiprocess", "asyncio_gather"}
    for workload in ("digests", "flags", "naps", "primes"):
        assert four <= {model.name for model in impls.models(workload)}


def test_listing_reads_title_and_literals_without_importing(folder: Path) -> None:
    add(
        folder,
        "model",
        'CASES = ("small", "large")',
        "DEFAULT = False",
        'CLUSTER = "dask"',
        'SERVERS = ("local",)',
        'REQUIRES = ("uvloop", "aiohttp")',
        'PYTHON = ">=3.14"',
        'START_METHOD = "spawn"',
        "WORKERS = 1",
        "OWN_PROCESS = True",
        "raise SystemExit('imported')",
    )
    assert impls.models("made_up") == [
        impls.Model(
            "made_up", "model", "Made up: a title.", cases=("small", "large"), default=False,
            servers=("local",), requires=("uvloop", "aiohttp"), python=">=3.14",
            start_method="spawn", workers=1, cluster="dask", own_process=True,
        )
    ]  # fmt: skip


def test_a_model_can_be_a_default_in_some_cases_only(folder: Path) -> None:
    add(folder, "model", 'DEFAULT = ("small",)')
    [model] = impls.models("made_up")
    assert (model.is_default("small"), model.is_default("large")) == (True, False)


def test_a_model_can_have_some_of_the_cases_only(folder: Path) -> None:
    add(folder, "every")
    add(folder, "model", 'CASES = ("small",)')
    every, model = impls.models("made_up")
    assert (every.has("small"), every.has("large")) == (True, True)
    assert (model.has("small"), model.has("large")) == (True, False)


def test_files_with_a_leading_underscore_are_not_models(folder: Path) -> None:
    add(folder, "_helper")
    assert impls.models("made_up") == []


def test_a_computed_value_is_refused_with_its_file_and_line(folder: Path) -> None:
    add(folder, "model", "REQUIRES = tuple('x')")
    with pytest.raises(
        ValueError, match=r"made_up/model\.py, line 5: REQUIRES must be a plain literal"
    ):
        impls.models("made_up")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('REQUIRES = "uvloop"', "a tuple of names"),
        ("SERVERS = 5", "a tuple of names"),
        ('START_METHOD = "forkk"', "one of fork, forkserver, spawn"),
        ('PYTHON = "3.14 or so"', "versions"),
        ("WORKERS: int = 0", "a whole number from 1"),
        ("WORKERS = True", "a whole number from 1"),
        ("DEFAULT: bool = 1", "True, False or a tuple of names of cases"),
        ('CLUSTER = "slurm"', "one of dask, ray"),
        ('CASES = "small"', "a tuple of names"),
        ("OWN_PROCESS = 1", "True or False"),
    ],
)
def test_a_literal_of_the_wrong_type_is_refused_with_the_allowed_ones(
    folder: Path, line: str, expected: str
) -> None:
    add(folder, "model", line)
    with pytest.raises(ValueError, match=rf"made_up/model\.py, line 5: \w+ must be {expected}"):
        impls.models("made_up")


def test_a_file_that_does_not_parse_is_still_a_row_and_fails_when_loaded(folder: Path) -> None:
    add(folder, "broken", "def run(:")
    assert [model.title for model in impls.models("made_up")] == ["(line 5 does not parse)"]
    with pytest.raises(SyntaxError):
        impls.load("made_up", "broken")


def test_an_unknown_name_is_refused_with_the_known_names(folder: Path) -> None:
    add(folder, "model")
    with pytest.raises(LookupError, match="no workload 'other': choose from made_up"):
        impls.models("other")
    with pytest.raises(LookupError, match="no model 'other' of made_up: choose from model"):
        impls.load("made_up", "other")


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ('REQUIRES = ("no_such_package",)', "no package no_such_package"),
        ('PYTHON = ">=4"', "needs Python >=4"),
        ('REQUIRES = ("no_such_package.part",)', "no package no_such_package.part"),
        ('START_METHOD = "spawn"', "no start method spawn"),
    ],
)
def test_a_missing_declared_package_is_a_reason_to_skip(
    folder: Path, literal: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["fork"])
    add(folder, "lacking", literal, "raise SystemExit('imported')")
    with pytest.raises(impls.Unavailable, match=reason):
        impls.load("made_up", "lacking")


def test_a_required_package_that_fails_to_import_is_a_reason_to_skip(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "halfway.py").write_text("raise ImportError('gone in 3.12', name='halfway')")
    monkeypatch.syspath_prepend(folder.parent)
    add(folder, "needs_halfway", 'REQUIRES = ("halfway",)', "import halfway")
    with pytest.raises(impls.Unavailable, match=r"cannot import package halfway: gone in 3\.12"):
        impls.load("made_up", "needs_halfway")


@pytest.mark.parametrize(
    "line",
    ["import no_such_package", "from impls import no_such_name", "from impls.made_up import gone"],
)
def test_any_other_import_error_is_an_error(folder: Path, line: str) -> None:
    add(folder, "mistyped", line)
    with pytest.raises(ImportError):
        impls.load("made_up", "mistyped")
