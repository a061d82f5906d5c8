"""The contract that every model file keeps, whoever wrote it."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import impls
from impls import flags
from servers import Server

LONGEST = 60
"""Lines of a model file: it is meant to be read at once and copied."""

MODELS = [model for workload in impls.workloads() for model in impls.models(workload)]
each_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.workload}-{model.name}"
)


def models_of(workload: str) -> pytest.MarkDecorator:
    names = [model.name for model in MODELS if model.workload == workload]
    return pytest.mark.parametrize("name", names)


def load(workload: str, name: str) -> impls.Run:
    try:
        return impls.load(workload, name)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


def path(model: impls.Model) -> Path:
    return impls.HERE / model.workload / f"{model.name}.py"


@each_model
def test_it_says_what_it_is_shares_and_costs_and_when_to_choose_it(model: impls.Model) -> None:
    text = ast.get_docstring(ast.parse(path(model).read_text(encoding="utf-8"))) or ""
    assert model.title.endswith(".")
    assert len(model.title) <= 80
    assert "Execution unit:" in text
    assert "Costs" in text
    assert model.name == "sequential" or "Choose it" in text


@each_model
def test_it_is_short_enough_to_copy(model: impls.Model) -> None:
    assert len(path(model).read_text(encoding="utf-8").splitlines()) <= LONGEST


@each_model
def test_its_run_takes_the_job_and_the_bound(model: impls.Model) -> None:
    parameters = inspect.signature(load(model.workload, model.name)).parameters
    assert list(parameters) == ["job", "workers"]
    assert parameters["workers"].kind is inspect.Parameter.KEYWORD_ONLY


@each_model
def test_its_clients_are_made_like_all_others(model: impls.Model) -> None:
    text = path(model).read_text(encoding="utf-8")
    made = re.findall(r"httpx\.(?:Async)?Client\((?=\S)", text)
    assert len(made) == len(re.findall(r"Client\(\*\*client_options\(", text))


@each_model
def test_it_imports_nothing_but_the_standard_library_its_workload_and_what_it_declares(
    model: impls.Model,
) -> None:
    allowed = {*sys.stdlib_module_names, *model.requires, f"impls.{model.workload}", "httpx"}
    imported = set(_imports(ast.parse(path(model).read_text(encoding="utf-8"))))
    assert imported <= allowed, imported - allowed


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full: the file is meant to be copied"
            names = [node.module or ""]
        yield from (name if name.startswith("impls.") else name.partition(".")[0] for name in names)


@models_of("flags")
def test_a_flags_model_downloads_every_flag_and_says_so(
    name: str, server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    codes = flags.CASES["pop20"].codes
    job = flags.Job(codes, server.url, tmp_path, server.initializer)
    flags.check(job, load("flags", name)(job, workers=3))
    seen = server.seen()
    assert seen.served == len(codes)
    assert 1 <= seen.peak <= 3
    assert capfd.readouterr() == ("", "")


@models_of("flags")
def test_a_flags_model_tells_a_flag_that_is_not_there(
    name: str, server: Server, tmp_path: Path
) -> None:
    job = flags.Job(("FR", "XX", "DE"), server.url, tmp_path, server.initializer)
    outcomes = load("flags", name)(job, workers=2)
    assert outcomes == {**flags.expected(("FR", "DE")), "XX": flags.Outcome("not found")}
    assert list(outcomes) == ["FR", "XX", "DE"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["DE.gif", "FR.gif"]


@models_of("flags")
def test_a_flags_model_survives_a_server_that_is_not_there(name: str, tmp_path: Path) -> None:
    nobody_listens = "http://127.0.0.1:9"
    job = flags.Job(("FR", "DE"), nobody_listens, tmp_path)
    assert load("flags", name)(job, workers=2) == dict.fromkeys(job.codes, flags.Outcome("error"))


@pytest.mark.parametrize("workload", impls.workloads())
def test_a_workload_offers_what_the_benchmarks_use(workload: str) -> None:
    module = import_module(f"impls.{workload}")
    assert module.QUESTION.endswith("?")
    sizes = [case.items for case in module.CASES.values()]
    assert sizes == sorted(sizes)
    assert all(case.workers is None or case.workers > 0 for case in module.CASES.values())
    assert callable(module.check)
