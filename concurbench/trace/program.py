"""What programs have in common that let a person watch a model: options, sentences, exit codes.

Exit code 0 is that all went well, 1 that something failed, 2 that the command is not understood, and
128 and more that a signal ended it, as 130 for Ctrl-C.
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

from concurbench.command import FILE, Command, check_writable, ended_by_signals, signals_that_end
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import COLUMNS, say, show
from concurbench.trace import recorder
from concurbench.trace.call import Call
from concurbench.trace.chart import chart
from concurbench.trace.inside import RUN, Performance
from concurbench.trace.picture import picture
from concurbench.trace.process import Died, ModelProcess
from concurbench.trace.rows import rows
from concurbench.trace.span import Span

FAILED = 1
SIGNALLED = 128

LAST_WORDS = 0.3
"""Seconds to tell what a model did until a signal ended it."""


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
    WATCHER: str
    """The environment variable that names the module that watches."""

    @property
    def Unavailable(self) -> type[Exception]: ...  # noqa: N802 - a class, as a package has it

    def models(self, workload: str) -> Sequence[Model]: ...
    def find(self, workload: str, model: str) -> Model: ...
    def load(self, workload: str, model: str) -> Callable[..., Any]: ...


@dataclass(frozen=True)
class Choice:
    """What was asked for, of what all programs offer."""

    catalogue: Catalogue
    workload: str
    model: str
    """Empty where none was named, and the program chooses."""
    workers: int
    timeline: bool
    svg: Path | None

    @property
    def load(self) -> Callable[[], Callable[..., Any]]:
        """Imports the model, in whatever process it is called."""
        return functools.partial(self.catalogue.load, self.workload, self.model)

    @property
    def environ(self) -> Mapping[str, str]:
        """What the model's processes are to find in their environment."""
        # A fork server of Python 3.11 looks nowhere else for what it is to import beforehand.
        path = [str(self.catalogue.HERE.parent), os.environ.get("PYTHONPATH")]
        return {
            self.catalogue.WATCHER: recorder.__name__,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
        }


class Program(Command):
    """A command that refuses in a sentence, and ends in order whatever asks for its end."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _in_a_sentence():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _in_a_sentence(), ended_by_signals():
                return super().invoke(ctx)
        except Interrupted as ended:
            sys.exit(SIGNALLED + ended.number)


@contextlib.contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.ctx = None  # with it, two lines about usage come first
        raise


def command(
    catalogue: Catalogue,
    workload: str,
    *,
    model: str,
    workers: int,
    bound: str = "--workers",
    timeline: bool = False,
    several: str = "",
) -> Callable[[Callable[..., None]], click.Command]:
    """A decorator: the function is the program of a workload, with the options that all have.

    It gets them as ``choice``. ``model`` and ``workers`` are used where nothing else is asked for, and
    ``bound`` is the option for how much is in flight at once. With ``timeline`` the time line is drawn
    unless it is not wanted. ``several`` is what a program watches that has no single model to watch
    where none is named.
    """
    shown = f"python -m programs.{workload}"
    known = [each.name for each in catalogue.models(workload)]

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def chosen(
            model: str | None, bound: int | None, timeline: bool, svg: Path | None, **more: Any
        ) -> None:
            check_writable(svg)
            asked = bound or workers
            if model is not None:
                asked = _workers(catalogue, workload, model, bound, workers)
            function(choice=Choice(catalogue, workload, model or "", asked, timeline, svg), **more)

        for option in (
            click.option("--svg", type=FILE, help="Draw the time line into this file."),
            click.option(
                "--timeline/--no-timeline" if timeline else "--timeline",
                is_flag=True, default=timeline, help="Draw afterwards which unit did what when.",
            ),
            click.option(
                bound, "bound", type=click.IntRange(1), metavar="N",
                help=f"How much may be in flight at once.  [default: {workers}]",
            ),
            click.option(
                "--models", is_flag=True, is_eager=True, expose_value=False,
                callback=functools.partial(_list, catalogue, workload),
                help="Tell what models there are, and end.",
            ),
            click.option(
                "--model", default=model or None, show_default=several or True, metavar="NAME",
                callback=functools.partial(_known, known), help="The model to watch.",
            ),
        ):  # fmt: skip
            chosen = option(chosen)
        made = click.command(cls=Program)(chosen)
        # As it was called, not as click guesses it from the file's name.
        made.main = functools.partial(made.main, prog_name=shown)  # type: ignore[method-assign]
        return made

    return decorate


def _known(
    known: Sequence[str], _: click.Context, __: click.Parameter, asked: str | None
) -> str | None:
    if asked is None or asked in known:
        return asked
    near = difflib.get_close_matches(asked, known)
    meant = f"; {' or '.join(near)}, maybe?" if near else ""
    raise click.BadParameter(f"there is no model {asked}{meant} (--models lists them)")


def _list(
    catalogue: Catalogue, workload: str, ctx: click.Context, _: click.Parameter, asked: bool
) -> None:
    if not asked:
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for model in catalogue.models(workload):
        table.add_row(model.name, model.title)
    show(table)
    ctx.exit()


def _workers(catalogue: Catalogue, workload: str, model: str, asked: int | None, default: int) -> int:
    """The bound, once it is clear that the model can run here.

    Raises:
        ConcurbenchError: it cannot, or it has a bound of its own.
    """
    own = catalogue.find(workload, model).workers
    if own is not None and asked not in (None, own):
        raise ConcurbenchError(f"{model} has a bound of its own, {own}; {asked} makes no sense for it")
    try:
        catalogue.load(workload, model)
    except catalogue.Unavailable as reason:
        raise ConcurbenchError(f"{model} cannot run here: {reason}") from None
    return own or asked or default


@dataclass(repr=False)  # signal.signal() would ask for it, in vain, and there may be many calls
class Show:
    """A model that runs and is watched, as long as the ``with`` block lasts.

    A signal, or the model's failing, ends its calls and nothing else: what was seen until then can
    still be told. ``end`` is the last thing to call.
    """

    choice: Choice
    performance: Performance
    environ: Mapping[str, str] = field(default_factory=dict)
    done: list[Call] = field(default_factory=list)
    """The calls that have ended, in that order."""
    cut: list[Call] = field(default_factory=list)
    """Those that had not ended when all did."""
    began_at: float = 0.0
    """When the model began, by the clock of the calls."""
    ended_at: float = 0.0
    """When it ended, however, by the same."""
    seconds: float = 0.0
    """How long the model ran."""
    answers: Any = None
    """What the performance was to tell of its answers, once it has come to its end."""
    ended_by: int | None = None
    """The number of the signal that ended it."""
    error: str | None = None
    """What the model failed with."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for number in signals_that_end():
                stack.callback(signal.signal, number, signal.signal(number, self._asked_to_end))
            self._process = stack.enter_context(
                ModelProcess(self.performance, {**self.choice.environ, **self.environ})
            )
            self._stack = stack.pop_all()
        return self

    def _asked_to_end(self, number: int, _: FrameType | None) -> None:
        # Noted, and no exception at some odd place: what was noted of the calls is still to be read.
        self.ended_by = self.ended_by or number

    def calls(self, idle: Callable[[], None] = lambda: None) -> Iterator[Call]:
        """What is watched, as it happens: each call when it has begun and again when it has ended.

        ``idle`` is called each time there was nothing new for a moment. A signal ends the model, and
        with it this.
        """
        due = math.inf
        try:
            for call in self._process.calls(idle, lambda: self.ended_by is not None):
                if call.what == RUN:
                    self.began_at = call.begin
                    self.seconds = 0.0 if call.end is None else call.seconds
                    continue
                if call.end is not None:
                    self.done.append(call)
                yield call
                # A model may have done more than can be told soon; nobody waits for the rest of it.
                if self._process.stopped_at is not None:
                    due = min(due, time.perf_counter() + LAST_WORDS)
                    if time.perf_counter() > due:
                        break
        except Died as error:
            self.error = str(error)
        self.ended_at = time.perf_counter()
        for call in self._process.unfinished:
            if call.what == RUN:
                self.seconds = self.ended_at - call.begin
            else:
                self.cut.append(replace(call, end=self.ended_at))
        if self._process.told is not None:
            self.answers, self.error = self._process.told.answers, self._process.told.error

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def end(self, spans: Iterable[Span], title: str, *, failed: bool = False) -> NoReturn:
        """Draw what was asked for, say how it ended, and end with the exit code for that."""
        self._draw(list(spans), title)
        if self.error is not None:
            say(f"{self.choice.model} failed: {self.error}", "red")
        if self.ended_by is not None:
            sys.exit(SIGNALLED + self.ended_by)
        sys.exit(FAILED if failed or self.error is not None else 0)

    def _draw(self, spans: list[Span], title: str) -> None:
        if not spans or not (self.choice.timeline or self.choice.svg):
            return
        drawn = rows(spans)
        if self.choice.timeline:
            say("")
            show(chart(drawn, columns()))
        if self.choice.svg is not None:
            try:
                self.choice.svg.write_text(picture(drawn, title), encoding="utf-8")
            except OSError as error:
                raise ConcurbenchError(
                    f"{self.choice.svg} cannot be written: {error.strerror}"
                ) from None
            say(f"drawn into {self.choice.svg}", whole=True)


def wrong(check: Callable[[Any, Any], None], job: Any, answers: Any) -> bool:
    """Whether the answers are wrong, which is said."""
    try:
        check(job, answers)
    except AssertionError as error:
        say(f"wrong: {error}", "red")
        return True
    return False


def columns() -> int:
    """Of the terminal; elsewhere as many as a written text has."""
    return shutil.get_terminal_size((COLUMNS, 24)).columns if sys.stdout.isatty() else COLUMNS
