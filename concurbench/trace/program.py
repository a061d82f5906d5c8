"""What programs that trace a model have in common: options, the traced run, exit codes.

Exit code 0: all went well. 1: something failed. 2: the command cannot be run as asked. 128 and more: a
signal ended it, as 130 for Ctrl-C.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Protocol, Self

import click
from rich.table import Table

from concurbench.command import (
    FILE,
    Command,
    check_writable,
    ended_by_signals,
    signals_that_end,
    with_options,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import COLUMNS, say, show
from concurbench.trace import recorder
from concurbench.trace.draw import chart, svg
from concurbench.trace.process import RUN, Died, ModelProcess, TraceJob
from concurbench.trace.spans import Call, Span, tracks

FAILED = 1
"""The exit code if the model failed or its answers are wrong."""

MAX_REPLAY = 0.3
"""Seconds for printing the calls that a model made before a signal ended it."""


class Model(Protocol):
    """What is known of a model before it is imported."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def workers(self) -> int | None: ...


class Catalogue(Protocol):
    """Where models are found; a package can be one."""

    HERE: Path
    ENV_TRACER: str
    """The environment variable that names the module that traces."""

    @property
    def Unavailable(self) -> type[Exception]: ...  # noqa: N802 - a class, as a package has it

    def models(self, workload: str) -> Sequence[Model]: ...
    def find(self, workload: str, model: str) -> Model: ...
    def load(self, workload: str, model: str) -> Callable[..., Any]: ...


@dataclass(frozen=True)
class Options:
    """The options that all programs have."""

    catalogue: Catalogue
    workload: str
    model: str
    workers: int
    timeline: bool
    svg: Path | None

    @property
    def load(self) -> Callable[[], Callable[..., Any]]:
        """Imports the model, in whatever process it is called."""
        return functools.partial(self.catalogue.load, self.workload, self.model)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables that the model's processes need."""
        # A fork server of Python 3.11 finds what it preloads in PYTHONPATH alone.
        path = [str(self.catalogue.HERE.parent), os.environ.get("PYTHONPATH")]
        return {
            self.catalogue.ENV_TRACER: recorder.__name__,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
        }


def select(
    catalogue: Catalogue, workload: str, model: str, bound: tuple[str, int | None, int],
    timeline: bool, svg: Path | None,
) -> Options:  # fmt: skip
    """The options of a model that can run here.

    ``bound`` is the option for what may be in flight, its value if it was given, and its default. A
    model with a bound of its own runs with that, and a line says so.

    Raises:
        ConcurbenchError: there is no such model, it cannot run here, or the SVG cannot be written.
    """
    check_writable(svg)
    known = [each.name for each in catalogue.models(workload)]
    if model not in known:
        near = difflib.get_close_matches(model, known)
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise ConcurbenchError(f"no model {model}{hint}: --list shows the models of {workload}")
    try:
        catalogue.load(workload, model)
    except catalogue.Unavailable as reason:
        raise ConcurbenchError(f"{model} cannot run here: {reason}") from None
    option, asked, default = bound
    own = catalogue.find(workload, model).workers
    if own is not None and asked not in (None, own):
        say(f"{model} always has {own} in flight: {option} {asked} has no effect", "yellow")
    return Options(catalogue, workload, model, own or asked or default, timeline, svg)


def list_models(catalogue: Catalogue, workload: str) -> None:
    """Print the name and the title of each."""
    show_table((model.name, model.title) for model in catalogue.models(workload))


def show_table(lines: Iterable[tuple[str, str]]) -> None:
    """Print names and what they mean."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
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


def make_command(
    name: str, function: Callable[..., None], workers: str, *, model: str | None = None,
    bound: str = "--workers", timeline: bool = False,
) -> click.Command:  # fmt: skip
    """The command ``python -m programs.NAME``, with the options that all programs have.

    ``model`` and ``workers`` are their defaults in the help, ``bound`` the option for what may be in
    flight. With ``timeline`` the timeline is drawn by default.
    """
    options = with_options(
        click.option(
            "--model", default=model, required=False, show_default=True, metavar="NAME",
            help="The model to run.",
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
    made = click.command(cls=Program)(options(function))
    # click would take the program's name from the path of the file.
    made.main = functools.partial(made.main, prog_name=f"python -m programs.{name}")  # type: ignore[method-assign]
    return made


def command(
    catalogue: Catalogue, workload: str, *, model: str, workers: int, bound: str = "--workers",
    timeline: bool = False,
) -> Callable[[Callable[..., None]], click.Command]:  # fmt: skip
    """A decorator: the function, which gets ``options`` and its own, is the program of a workload.

    See ``make_command`` for the parameters.
    """
    option, drawn, default_model, default = bound, timeline, model, workers

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def run(
            model: str,
            list_only: bool,
            bound: int | None,
            timeline: bool,
            svg: Path | None,
            **more: Any,
        ) -> None:
            if list_only:
                list_models(catalogue, workload)
                return
            options = select(catalogue, workload, model, (option, bound, default), timeline, svg)
            function(options=options, **more)

        return make_command(
            workload, run, str(workers), model=default_model, bound=option, timeline=drawn
        )

    return decorate


@dataclass(repr=False)  # signal.signal() asks for the repr of a handler that it refuses: slow here
class TracedRun:
    """A model that runs and is traced, as long as the ``with`` block lasts.

    When a signal arrives, or the model fails, its calls end and nothing else: the program can still
    print what they came to. ``finish`` is the last method to call.
    """

    options: Options
    job: TraceJob
    environ: Mapping[str, str] = field(default_factory=dict)
    done: list[Call] = field(default_factory=list)
    """The calls that have ended, in that order."""
    cut: list[Call] = field(default_factory=list)
    """The calls that had not ended when the model did, ended then."""
    began_at: float = 0.0
    """When the model began, by the clock of the calls."""
    ended_at: float = 0.0
    """When it ended, for whatever reason, by the same clock."""
    seconds: float = 0.0
    """How long the model ran."""
    answers: Any = None
    """What the job's ``summarize`` returned, once the model has ended normally."""
    ended_by: int | None = None
    """The number of the signal that ended it."""
    error: str | None = None
    """The error that ended the model."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for number in signals_that_end():
                stack.callback(signal.signal, number, signal.signal(number, self._note_signal))
            self._process = stack.enter_context(
                ModelProcess(self.job, {**self.options.environ, **self.environ})
            )
            self._stack = stack.pop_all()
        return self

    def _note_signal(self, number: int, _: FrameType | None) -> None:
        # An exception could arrive anywhere, and the calls made until now are still to be read.
        self.ended_by = self.ended_by or number

    def calls(self, idle: Callable[[], None] = lambda: None) -> Iterator[Call]:
        """The calls as they happen: each one when it has begun and again when it has ended.

        ``idle`` is called whenever nothing has happened for a moment. A signal ends the model, and so
        the iteration.
        """
        due = math.inf
        try:
            for call in self._process.calls(idle, lambda: self.ended_by is not None):
                if call.function == RUN:
                    self.began_at = call.begin
                    self.seconds = 0.0 if call.end is None else call.seconds
                    continue
                if call.end is not None:
                    self.done.append(call)
                yield call
                # After Ctrl-C a user waits no longer than this for calls that were not printed yet.
                if self._process.stopped_at is not None:
                    due = min(due, time.perf_counter() + MAX_REPLAY)
                    if time.perf_counter() > due:
                        break
        except Died as error:
            self.error = str(error)
        self.ended_at = time.perf_counter()
        for call in self._process.unfinished:
            if call.function == RUN:
                self.seconds = self.ended_at - call.begin
            else:
                self.cut.append(replace(call, end=self.ended_at))
        if self._process.outcome is not None:
            self.answers, self.error = self._process.outcome.answers, self._process.outcome.error

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def finish(self, spans: Iterable[Span], title: str, *, failed: bool = False) -> NoReturn:
        """Draw the timeline if asked for, print the model's error, and exit with the right code."""
        self._draw(list(spans), title)
        if self.error is not None:
            say(f"{self.options.model} failed: {self.error}", "red")
        if self.ended_by is not None:
            sys.exit(Interrupted(self.ended_by).exit_code)
        sys.exit(FAILED if failed or self.error is not None else 0)

    def _draw(self, spans: list[Span], title: str) -> None:
        if not spans:
            return
        if self.options.timeline:
            say("")
            show(chart(tracks(spans), _columns()))
        if (file := self.options.svg) is not None:
            try:
                file.write_text(svg(tracks(spans), title), encoding="utf-8")
            except OSError as error:
                raise ConcurbenchError(f"cannot write {file}: {error.strerror}") from None
            say(f"timeline: {file}", whole=True)


def is_wrong(check: Callable[[Any, Any], None], job: Any, answers: Any) -> bool:
    """Whether ``check`` finds the answers wrong; prints why."""
    try:
        check(job, answers)
    except AssertionError as error:
        say(f"wrong: {error}", "red")
        return True
    return False


def _columns() -> int:
    """The columns of the terminal, or of a text in a pipe."""
    return shutil.get_terminal_size((COLUMNS, 24)).columns if sys.stdout.isatty() else COLUMNS
