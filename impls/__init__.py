"""Workloads and models: each folder is a workload, each file in it is a model.

This module only finds and loads models. Listing never imports a model: its metadata are plain literals
at the top of its file, read from the text. If a model's package is missing, its rows are skipped with
the reason, and all others run.

A workload (the folder's ``__init__.py``) offers these names to the benchmarks:

``QUESTION``            the question that its rows answer, in one sentence
``CASES``               name -> case, the smallest first. ``case.items`` is the number of units of work,
                        ``case.workers`` the number in flight (None: one for each usable core), and
                        ``case.scale`` its work relative to the smallest case, roughly. It may have
                        ``case.servers``, the servers that it runs with unless it is named: with none,
                        it runs only if it is named; and ``case.possible_servers``, all that it can
                        run with
``Job``                 the frozen dataclass that every model's ``run`` takes
``job(case, resources)`` returns the job of a case, with the ``Resources`` of the caller
``check(job, answers)`` raises AssertionError unless the answers and the files left behind are right

A workload that measures more than the time of the whole job also offers these names:

``METRICS``             name -> its unit (``s``, ``B``, ``1/s``, ``share``, ``count``) and the better
                        direction (``lower``, ``higher``); the first metric is the criterion that
                        decides between the models, without metrics it is the time
``metrics(job, answers, seconds)`` returns name -> value for a round that took ``seconds``
``BOUND``               the largest good value of the criterion, optional: models within the bound are
                        compared by time

A workload that asks what something costs, and not which model to take, says ``COST_QUESTION = True``.

For the overview of a run, a workload may declare in plain literals:

``OVERVIEW``            the groups to show -> their questions, in words a user has. A group is named by
                        its case, behind its server if it has one: ``local-all194``. Without it, all
                        groups are shown
``WORDS``               metric -> what it says of a model, as in ``the loop stands still``
``FINDING``             for a cost question: the metrics to show, and model -> a word for it
``SURPRISES``           sentences that explain a row, each with its condition: model, other model,
                        ``time`` or a metric, how many times worse at least, and the sentence. Models
                        may have shell wildcards
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import multiprocessing
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from impls._requirements import Unavailable as Unavailable
from impls._requirements import check_importable, check_installed
from impls._traced import ENV_TRACER as ENV_TRACER

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Resources:
    """The caller's inputs to a job, besides its case; each workload takes the fields that it needs."""

    workers: int | None = None
    """The bound on units in flight, for jobs that depend on it; None for the case's own bound."""
    base_url: str | None = None
    """The base URL of the flag server, without a slash at the end."""
    destination: Path | None = None
    """An empty folder for the files that the models write."""
    initializer: Callable[[], None] | None = None
    """A picklable function that each process calls once before it sends requests, or None."""
    cluster: str | None = None
    """The address of a cluster's scheduler, for the models with ``CLUSTER``."""
    nameserver: tuple[str, int] | None = None
    """Host and port of the DNS server."""
    peak: Callable[[], int] | None = None
    """Returns the server's peak of requests in flight; None if no server counts them."""
    authority: Path | None = None
    """The file of the certificate authority of the flag server, or None."""

    def need(self, name: str) -> Any:
        """The value of a field that the workload requires.

        Raises:
            LookupError: the field is None.
        """
        value = getattr(self, name)
        if value is None:
            raise LookupError(f"this workload needs Resources({name}=…)")
        return value


class Run(Protocol):
    """The function that a model file offers: it does a whole job, with at most ``workers`` units in
    flight, and returns the answers."""

    def __call__(self, job: Any, *, workers: int) -> Any: ...


@dataclass(frozen=True)
class Model:
    """The metadata of a model, read from its file without importing it.

    Every field after ``title`` is a literal of that name, in capitals, at the top of the file.
    """

    workload: str
    name: str
    title: str
    cases: tuple[str, ...] | None = None
    """The cases it has rows in; None for all."""
    default: bool | tuple[str, ...] = True
    """The cases it runs in by default: all, none, or these."""
    servers: tuple[str, ...] | None = None
    """The servers it can talk to; None for any."""
    requires: tuple[str, ...] = ()
    """Import names of the optional packages that it requires."""
    python: str = ""
    """The Python versions it runs on, as in ``>=3.14``; empty for all."""
    start_method: str | None = None
    """How its processes start (see ``multiprocessing.get_context``); None if it starts none."""
    gate: tuple[str, ...] = ()
    """The cases in which it belongs to the gate set: those with rounds below a tenth of a second."""
    workers: int | None = None
    """Its fixed number of workers, which no option changes; None if it takes any number."""
    cluster: str | None = None
    """The kind of cluster that does its work; its address is ``job.cluster``. None if it uses none."""
    reference: bool = False
    """Whether its rows are shown for comparison only, and never chosen."""
    own_process: bool = False
    """Whether it changes the process that imports it, and so needs one of its own: see ``loaded``."""

    @property
    def file(self) -> Path:
        return HERE / self.workload / f"{self.name}.py"

    def has(self, case: str) -> bool:
        """Whether it has a row in this case."""
        return self.cases is None or case in self.cases

    def is_default(self, case: str) -> bool:
        """Whether it runs in this case by default, if it has a row in it."""
        return self.default if isinstance(self.default, bool) else case in self.default


def _is_tuple_of_names(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) and name for name in value)


def _is_specifier(value: object) -> bool:
    # Not at the top: new worker processes import this module inside a timed round.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return isinstance(value, str) and bool(SpecifierSet(value))
    except InvalidSpecifier:
        return False


START_METHODS = ("fork", "forkserver", "spawn")
CLUSTERS = ("dask", "ray")

LITERALS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "CASES": ("a tuple of names", _is_tuple_of_names),
    "DEFAULT": (
        "True, False or a tuple of names of cases",
        lambda value: isinstance(value, bool) or _is_tuple_of_names(value),
    ),
    "SERVERS": ("a tuple of names", _is_tuple_of_names),
    "REQUIRES": ("a tuple of names", _is_tuple_of_names),
    "PYTHON": ("versions, as in '>=3.14'", _is_specifier),
    "START_METHOD": (f"one of {', '.join(START_METHODS)}", lambda value: value in START_METHODS),
    "GATE": ("a tuple of names of cases", _is_tuple_of_names),
    "CLUSTER": (f"one of {', '.join(CLUSTERS)}", lambda value: value in CLUSTERS),
    "REFERENCE": ("True or False", lambda value: isinstance(value, bool)),
    "OWN_PROCESS": ("True or False", lambda value: isinstance(value, bool)),
    "WORKERS": ("a whole number from 1", lambda value: type(value) is int and value >= 1),
}
"""Name at the top of a model's file -> its allowed values, in words and as a check."""


def workloads() -> list[str]:
    """The names of all workloads, in alphabetical order."""
    return sorted(path.parent.name for path in HERE.glob("[!_.]*/__init__.py"))


def models(workload: str) -> list[Model]:
    """The models of a workload, in alphabetical order, without importing them.

    Raises:
        LookupError: there is no such workload.
        ValueError: a file sets one of the known names to a value that is not allowed.
    """
    return [_read(path) for path in _files(workload).values()]


def find(workload: str, model: str) -> Model:
    """One model, without importing it.

    Raises:
        LookupError: there is no such workload or model.
        ValueError: the file sets one of the known names to a value that is not allowed.
    """
    files = _files(workload)
    if model not in files:
        raise LookupError(f"no model {model!r} of {workload}: choose from {', '.join(files)}")
    return _read(files[model])


def load(workload: str, model: str) -> Run:
    """Import a model and return its ``run``. With ``OWN_PROCESS`` nothing is imported, and each call
    runs in a new process: ``loaded`` keeps one.

    Raises:
        LookupError: there is no such workload or model.
        Unavailable: this interpreter, system or environment lacks a declared requirement.
        ImportError: any other import fails; that is a defect, never a reason to skip.
    """
    found = find(workload, model)
    _check_available(found)
    if found.own_process:
        return functools.partial(_run_in_new_process, found)
    run: Run = importlib.import_module(f"{__name__}.{workload}.{model}").run
    return run


@contextlib.contextmanager
def loaded(workload: str, model: str) -> Iterator[Run]:
    """The ``run`` of a model for the time of the block; errors as of ``load``.

    A model with ``OWN_PROCESS`` is imported into a process that starts now and ends with the block. See
    ``impls._process`` for what the time of a call then includes.
    """
    run = load(workload, model)
    if not (found := find(workload, model)).own_process:
        yield run
        return
    from impls._process import OwnProcess  # not at the top: see _is_specifier

    with OwnProcess(f"{__name__}.{workload}.{model}", found.file, found.requires) as process:
        yield process


def _run_in_new_process(model: Model, job: Any, *, workers: int) -> Any:
    with loaded(model.workload, model.name) as run:
        return run(job, workers=workers)


def _files(workload: str) -> dict[str, Path]:
    folder = HERE / workload
    if not (folder / "__init__.py").is_file():
        raise LookupError(f"no workload {workload!r}: choose from {', '.join(workloads())}")
    files = [path for path in sorted(folder.glob("[!_]*.py")) if path.is_file()]
    return {path.stem: path for path in files}


def _check_available(model: Model) -> None:
    from packaging.specifiers import SpecifierSet  # not at the top: see _is_specifier

    version = platform.python_version()
    if not SpecifierSet(model.python).contains(version, prereleases=True):
        raise Unavailable(f"needs Python {model.python}")
    # Its own process finds out whether it can import them.
    (check_installed if model.own_process else check_importable)(model.requires)
    methods = multiprocessing.get_all_start_methods()
    if model.start_method is not None and model.start_method not in methods:
        raise Unavailable(f"no start method {model.start_method} on {platform.system()}")


def _read(path: Path) -> Model:
    workload, name = path.parent.name, path.stem
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        # It is still a row: loading it raises the same error, inside its own test.
        return Model(workload, name, title=f"(line {error.lineno} does not parse)")
    literals: dict[str, Any] = {}
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
            ) if target in LITERALS:
                literals[target.lower()] = _literal(path, target, value)
    title = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Model(workload, name, title, **literals)


def _literal(path: Path, target: str, value: ast.expr) -> Any:
    place = f"{path.parent.name}/{path.name}, line {value.lineno}"
    expected, fits = LITERALS[target]
    try:
        literal = ast.literal_eval(value)
    except ValueError:
        message = f"{place}: {target} must be a plain literal, because it is read without importing"
        raise ValueError(message) from None
    if not fits(literal):
        raise ValueError(f"{place}: {target} must be {expected}, not {literal!r}")
    return literal
