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
from concurbench.command import FILE, Command, check_writable, ended_by_signals, with_options
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import COLUMNS, say, show
from concurbench.trace import recorder
from concurbench.trace.draw import chart, svg
from concurbench.trace.process import TracedRun, TraceJob
from concurbench.trace.spans import Span, Track, tracks
from servers.cluster import given

FAILED = 1
"""The exit code if the model failed or its answers are wrong."""


@dataclass(frozen=True)
class Options:
    """The options that all programs have."""

    workload: str
    model: str
    workers: int
    timeline: bool
    svg: Path | None

    def run(self, job: Any, environ: Mapping[str, str] | None = None, **more: Any) -> TracedRun:
        """A run of the model; ``environ`` is for its processes, ``more`` are fields of ``TraceJob``."""
        cluster = impls.find(self.workload, self.model).cluster
        load = functools.partial(impls.load, self.workload, self.model)
        # A fork server of Python 3.11 finds what it preloads in PYTHONPATH alone.
        path = filter(None, (str(impls.HERE.parent), os.environ.get("PYTHONPATH")))
        common = {impls.ENV_TRACER: recorder.__name__, "PYTHONPATH": os.pathsep.join(path)}
        return TracedRun(
            TraceJob(given(load, cluster, machine.usable_cores()), job, self.workers, **more),
            {**common, **(environ or {})},
        )

    def finish(
        self, run: TracedRun, spans: Iterable[Span], *, title: str = "", failed: bool = False
    ) -> NoReturn:
        """Draw the timeline if asked for, print the model's error, and exit with the right code."""
        title = title or f"{self.workload} · {self.model} · {self.workers} at a time"
        self._draw(tracks(spans), title)
        if run.error is not None:
            say(f"{self.model} failed: {run.error}", "red")
        if run.ended_by is not None:
            sys.exit(Interrupted(run.ended_by).exit_code)
        sys.exit(FAILED if failed or run.error is not None else 0)

    def _draw(self, drawn: list[Track], title: str) -> None:
        if drawn and self.timeline:
            console = Console()
            say("")
            show(chart(drawn, console.width if console.is_terminal else COLUMNS))
        if drawn and self.svg is not None:
            try:
                self.svg.write_text(svg(drawn, title), encoding="utf-8")
            except OSError as error:
                raise ConcurbenchError(f"cannot write {self.svg}: {error.strerror}") from None
            say(f"timeline: {self.svg}", whole=True)


def select(
    workload: str, model: str, bound: tuple[str, int | None, int], timeline: bool, svg: Path | None
) -> Options:
    """The options of a model that can run here.

    ``bound`` is the option for what may be in flight, its value if it was given, and its default. A
    model with a bound of its own runs with that, and a line says so.

    Raises:
        ConcurbenchError: there is no such model, it cannot run here, or the SVG cannot be written.
    """
    check_writable(svg)
    known = {each.name: each for each in impls.models(workload)}
    if model not in known:
        near = difflib.get_close_matches(model, known)
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise ConcurbenchError(f"no model {model}{hint}: --list shows the models of {workload}")
    try:
        impls.load(workload, model)
    except impls.Unavailable as reason:
        raise ConcurbenchError(f"{model} cannot run here: {reason}") from None
    option, asked, default = bound
    own = known[model].workers
    if own is not None and asked not in (None, own):
        say(f"{model} always has {own} in flight: {option} {asked} has no effect", "yellow")
    return Options(workload, model, own or asked or default, timeline, svg)


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
    workload: str, *, model: str, workers: int, bound: str = "--workers", timeline: bool = False
) -> Callable[[Callable[..., None]], click.Command]:
    """A decorator: the function, which gets ``options`` and its own, is the program of a workload.

    See ``common_options`` for the parameters.
    """
    option, default = bound, workers

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def run(
            model: str, list_only: bool, bound: int | None, timeline: bool, svg: Path | None,
            **more: Any,
        ) -> None:  # fmt: skip
            if list_only:
                show_models(workload)
                return
            options = select(workload, model, (option, bound, default), timeline, svg)
            function(options=options, **more)

        return common_options(run, workers, model=model, bound=bound, timeline=timeline)

    return decorate
