"""What programs that trace a model have in common: options, the traced run, exit codes.

Exit code 0: all went well. 1: something failed. 2: the command cannot be run as asked. 128 and more: a
signal ended it, as 130 for Ctrl-C.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table

import impls
from concurbench import machine
from concurbench.command import (
    FILE,
    Command,
    check_writable,
    ended_by_signals,
    system_error,
    with_options,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import COLUMNS, say, show
from concurbench.trace import recorder
from concurbench.trace.draw import chart, svg
from concurbench.trace.process import TracedRun, TraceJob
from concurbench.trace.spans import Span, tracks
from servers.cluster import given
from servers.local import Local
from servers.nameserver import Nameserver
from servers.process import ServerDied, ServerProcess

FAILED = 1
"""The exit code if the model failed or its answers are wrong."""


@dataclass(frozen=True)
class Options:
    """The options that all programs have."""

    model: impls.Model
    workers: int
    timeline: bool
    svg: Path | None

    def __post_init__(self) -> None:
        check_writable(self.svg)

    def __str__(self) -> str:
        return f"{self.model.name}, {self.workers} at a time"

    def run(self, job: Any, environ: Mapping[str, str] | None = None, **more: Any) -> TracedRun:
        """A run of the model; ``environ`` is for its processes, ``more`` are fields of ``TraceJob``."""
        load = functools.partial(impls.load, self.model.workload, self.model.name)
        # A fork server of Python 3.11 finds what it preloads in PYTHONPATH alone.
        path = filter(None, (str(impls.HERE.parent), os.environ.get("PYTHONPATH")))
        common = {impls.ENV_TRACER: recorder.__name__, "PYTHONPATH": os.pathsep.join(path)}
        return TracedRun(
            TraceJob(
                given(load, self.model.cluster, machine.usable_cores()), job, self.workers, **more
            ),
            {**common, **(environ or {})},
        )

    def finish(
        self, run: TracedRun, spans: Iterable[Span], *, title: str = "", failed: bool = False
    ) -> NoReturn:
        """Draw the timeline if asked for, print the model's error, and exit with the right code."""
        drawn = tracks(spans)
        if drawn and self.timeline:
            console = Console()
            say("")
            show(chart(drawn, console.width if console.is_terminal else COLUMNS))
        if drawn and self.svg is not None:
            title = title or f"{self.model.workload} · {self.model.name} · {self.workers} at a time"
            try:
                self.svg.write_text(svg(drawn, title), encoding="utf-8")
            except OSError as error:
                raise ConcurbenchError(system_error(error, self.svg)) from None
            say(f"timeline: {self.svg}", whole=True)
        if run.error is not None:
            say(f"{self.model.name} failed: {run.error}", "red")
        if run.ended_by is not None:
            sys.exit(Interrupted(run.ended_by).exit_code)
        sys.exit(FAILED if failed or run.error is not None else 0)


def find(workload: str, name: str) -> impls.Model:
    """A model that can run here.

    Raises:
        ConcurbenchError: there is no such model, or it cannot run here.
    """
    known = {model.name: model for model in impls.models(workload)}
    if name not in known:
        near = difflib.get_close_matches(name, known)
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise ConcurbenchError(f"no model {name}{hint}: --list shows the models of {workload}")
    try:
        impls.load(workload, name)
    except impls.Unavailable as reason:
        raise ConcurbenchError(f"{name} cannot run here: {reason}") from None
    return known[name]


def in_flight(model: impls.Model, asked: int | None, default: int, option: str = "--workers") -> int:
    """How many units of work the model has in flight. A model with a number of its own runs with that,
    and a line says so if ``option`` asked for another."""
    if model.workers is not None and asked not in (None, model.workers):
        say(
            f"{model.name} always has {model.workers} in flight: {option} {asked} has no effect",
            "yellow",
        )
    return model.workers or asked or default


@contextlib.contextmanager
def started(server: ServerProcess, packages: str) -> Iterator[None]:
    """Run one of the project's own servers, which needs these packages.

    Raises:
        ConcurbenchError: it did not start.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(server)
        except ServerDied as error:
            raise ConcurbenchError(f"{error}; it needs {packages}") from None
        yield


def peak_at(server: Local | Nameserver) -> int | None:
    """The peak of requests in flight at a server; None, and a line says so, if it has died."""
    try:
        return server.seen().peak
    except ServerDied as error:
        say(str(error), "red")
        return None


def show_models(workload: str) -> None:
    """Print the name and the title of each."""
    show_table((model.name, model.title) for model in impls.models(workload))


def show_table(lines: Iterable[tuple[str, str]]) -> None:
    """Print names and what they mean."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    show(table)


class Program(Command):
    """A command that refuses in one line, and closes everything when a signal ends it."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _in_one_line():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _in_one_line(), ended_by_signals():
            return super().invoke(ctx)


@contextlib.contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.ctx = None  # with it, click prints two lines about usage first
        raise


def common_options(
    function: Callable[..., None], workers: object, *, model: str | None = None,
    bound: str = "--workers", timeline: bool = False,
) -> click.Command:  # fmt: skip
    """A program with the options that all programs have, in front of its own.

    ``model`` and ``workers`` are their defaults in the help, ``bound`` the option for what may be in
    flight. With ``timeline`` the timeline is drawn by default.
    """
    options = with_options(
        click.option(
            "--model", default=model, show_default=True, metavar="NAME", help="The model to run."
        ),
        click.option("--list", "list_only", is_flag=True, help="List the models and exit."),
        click.option(
            bound, "bound", type=click.IntRange(1), metavar="N",
            help=f"Have at most N units of work in flight.  [default: {workers}]",
        ),
        click.option(
            "--timeline/--no-timeline" if timeline else "--timeline", is_flag=True, default=timeline,
            help="Draw afterwards which unit of execution did what when.",
        ),
        click.option("--svg", type=FILE, help="Draw the timeline into this file."),
    )  # fmt: skip
    return click.command(cls=Program)(options(function))


def program(
    workload: str, *, model: str, workers: int, option: str = "--workers", timeline: bool = False
) -> Callable[[Callable[..., None]], click.Command]:
    """A decorator: the function, which gets ``options`` and its own, is the program of a workload.

    See ``common_options`` for the parameters.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def run(
            model: str, list_only: bool, bound: int | None, timeline: bool, svg: Path | None,
            **more: Any,
        ) -> None:  # fmt: skip
            if list_only:
                show_models(workload)
                return
            found = find(workload, model)
            options = Options(found, in_flight(found, bound, workers, option), timeline, svg)
            function(options=options, **more)

        return common_options(run, workers, model=model, bound=option, timeline=timeline)

    return decorate
