"""The contract of every model file."""

from __future__ import annotations

import ast
import fnmatch
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import impls
from concurbench.report import tables
from programs.watch import WORKLOADS
from servers import NAMES

MAX_LINES = 60
"""The most lines of a model file, which must be easy to read and to copy."""

MAX_TITLE = 23
"""The longest title that fits beside the longest model and all figures, on 80 columns."""

MODELS = [model for workload in impls.workloads() for model in impls.models(workload)]
each_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.workload}-{model.name}"
)


def path(model: impls.Model) -> Path:
    return impls.HERE / model.workload / f"{model.name}.py"


@each_model
def test_its_docstring_has_title_unit_sharing_costs_and_choice(model: impls.Model) -> None:
    text = ast.get_docstring(ast.parse(path(model).read_text(encoding="utf-8"))) or ""
    text = " ".join(text.split())
    assert model.title.endswith(".")
    assert len(model.title) <= 80
    assert len(model.name) <= tables.MAX_NAME
    assert "Execution unit:" in text
    assert "Costs" in text
    assert model.name == "sequential" or "Choose it" in text


@each_model
def test_it_is_short_enough_to_copy(model: impls.Model) -> None:
    assert len(path(model).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@each_model
def test_its_run_takes_the_job_and_the_bound(model: impls.Model) -> None:
    tree = ast.parse(path(model).read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    [run] = [each for each in tree.body if isinstance(each, kinds) and each.name == "run"]
    assert re.fullmatch(r"job: \w+(\.\w+)?, \*, workers: int", ast.unparse(run.args))


@each_model
def test_its_processes_use_the_declared_start_method(model: impls.Model) -> None:
    text = path(model).read_text(encoding="utf-8")
    assert ("get_context(START_METHOD)" in text) is (model.start_method is not None)
    method = model.name.rpartition("_")[2]
    if method in impls.START_METHODS:
        assert model.start_method == method


@each_model
def test_its_fork_server_imports_what_the_processes_are_initialised_with(model: impls.Model) -> None:
    text = path(model).read_text(encoding="utf-8")
    if model.start_method == "forkserver" and "job.initializer" in text:
        assert 'context.set_forkserver_preload([__name__, "httpcore", *job.preload])' in text


@each_model
def test_its_cases_exist_in_its_workload(model: impls.Model) -> None:
    default = () if isinstance(model.default, bool) else model.default
    cases = import_module(f"impls.{model.workload}").CASES
    assert {*(model.cases or ()), *default, *model.gate} <= set(cases)
    assert all(map(model.has, (*default, *model.gate)))


SETTINGS = {
    r"httpx\.get": {"timeout": "job.timeout", "follow_redirects": "True"},
    r"(httpx2?\.(Async)?|HttpxAiohttp)Client": {"timeout": "job.timeout", "follow_redirects": "True"},
    r"aiohttp\.ClientSession": {
        "connector": "aiohttp.TCPConnector(ssl=tls_context(job.authority))",
        "timeout": "aiohttp.ClientTimeout(total=job.timeout)",
    },
    r"urllib3\.PoolManager": {"timeout": "job.timeout", "ssl_context": "tls_context(job.authority)"},
    r"pyqwest\.(Sync)?HTTPTransport": {"timeout": "job.timeout", "tls_include_system_certs": "True"},
    r"niquests\.AsyncSession": {"timeout": "job.timeout"},
}
"""A function of a client -> the arguments that carry what the job prescribes."""


@each_model
def test_its_clients_take_from_the_job_what_the_job_prescribes(model: impls.Model) -> None:
    text = path(model).read_text(encoding="utf-8").replace("worker_job.", "job.")
    for name, arguments in _calls(text):
        for pattern, expected in SETTINGS.items():
            if re.fullmatch(pattern, name):
                assert {each: arguments.get(each) for each in expected} == expected
        if re.fullmatch(r"(httpx2?\.(Async)?|HttpxAiohttp)Client|httpx\.get", name):
            # A context for each request is what the models with httpx.get are about.
            created = "new_tls_context" if name == "httpx.get" else "tls_context"
            assert "transport" in arguments or arguments["verify"] == f"{created}(job.authority)"
    if model.workload.startswith("flags"):
        assert "job.timeout" in text
        assert "job.authority" in text


KEEP_ALL = "httpx.Limits(max_connections=workers, max_keepalive_connections=workers)"


@each_model
def test_its_client_is_as_it_comes_unless_the_model_says_why(model: impls.Model) -> None:
    text = path(model).read_text(encoding="utf-8")
    blocking = any(name == "httpx.Client" for name, _ in _calls(text))
    own = model.name == "threaded_client_per_thread"
    threads = blocking and not own and ("ThreadPoolExecutor" in text or "to_thread" in text)
    limited = any("limits" in arguments for _, arguments in _calls(text))
    assert limited is (threads or model.name == "asyncio_keep_all")
    assert (f"limits = {KEEP_ALL}\n" in text) is limited
    assert ("httpcore's issue 1110" in text) is threads
    assert "limit=" not in text
    sized = bool(re.search(r"\b(pool_)?(maxsize|max_idle_per_host)=", text))
    assert ("# By default it keeps" in text) is sized


def _calls(text: str) -> Iterator[tuple[str, dict[str | None, str]]]:
    """Each function that a file calls, and its keyword arguments, as in the file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            arguments = {each.arg: ast.unparse(each.value) for each in node.keywords}
            yield ast.unparse(node.func), arguments


@each_model
def test_it_imports_only_the_standard_library_its_workload_and_declared_packages(
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


@pytest.mark.parametrize("workload", impls.workloads())
def test_a_workload_defines_the_names_that_the_benchmarks_use(workload: str) -> None:
    module = import_module(f"impls.{workload}")
    assert module.QUESTION.endswith("?")
    assert (module.__doc__ or "").partition("\n")[0] == module.QUESTION
    sizes = [case.items for case in module.CASES.values()]
    assert sizes == sorted(sizes)
    assert all(case.workers is None or case.workers > 0 for case in module.CASES.values())
    assert callable(module.check)


@pytest.mark.parametrize("workload", impls.workloads())
def test_what_a_workload_declares_for_the_overview_exists_and_fits(workload: str) -> None:
    module, names = import_module(f"impls.{workload}"), [each.name for each in impls.models(workload)]
    metrics = getattr(module, "METRICS", {})
    for group, title in module.OVERVIEW.items():
        server, _, case = group.rpartition("-")
        assert case in module.CASES
        assert server in ("", *NAMES)
        assert len(title) <= MAX_TITLE or getattr(module, "COST_QUESTION", False)
    assert set(getattr(module, "WORDS", {})) <= set(metrics)
    shown, words = getattr(module, "FINDING", ((), {}))
    assert bool(words) == getattr(module, "COST_QUESTION", False)
    assert set(shown) <= set(metrics)
    assert set(words) <= set(names)
    for model, than, by, at_least, sentence in getattr(module, "SURPRISES", ()):
        explained = fnmatch.filter(names, model)
        assert explained
        assert fnmatch.filter(names, than)
        assert by == "time" or by in metrics
        assert at_least > 0
        assert all(len(f"{each}: {sentence}") <= 80 for each in explained)


@pytest.mark.parametrize("workload", impls.workloads())
def test_a_workload_has_a_benchmark_a_page_and_a_program(workload: str) -> None:
    root = Path(__file__).parents[2]
    assert (root / "benchmarks" / f"test_{workload}.py").is_file()
    own = (root / "programs" / f"{workload}.py").is_file()
    assert own != (workload in WORKLOADS)
    page = (root / "docs/workloads" / f"{workload}.md").read_text(encoding="utf-8")
    assert import_module(f"impls.{workload}").QUESTION in " ".join(page.split())
    program = workload if own else f"watch {workload}"
    assert f"python -m programs.{program}" in page
    assert f"workloads/{workload}.md" in (root / "docs/index.md").read_text(encoding="utf-8")
