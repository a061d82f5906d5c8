"""What the commands have in common: errors as one sentence, arguments for pytest, an orderly end."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from concurbench.errors import ConcurbenchError, Interrupted

UNABLE = 2
"""The exit code for "no answer"."""

BROKEN_PIPE = 141
"""The exit code when the reader has closed the pipe, as in shells: 128 and the number of SIGPIPE."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)

NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class Commands(click.Group):
    """A group that lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class Command(click.Command):
    """A command that shows errors as one sentence and never ends with Python's own exit code 1, which
    means a verdict here."""

    def invoke(self, ctx: click.Context) -> Any:
        _open_output()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except ConcurbenchError as error:
            raise _Failure(str(error)) from None
        except Interrupted as interrupted:
            click.echo("interrupted", err=True)
            sys.exit(interrupted.exit_code)
        except KeyboardInterrupt:
            sys.exit(Interrupted(signal.SIGINT).exit_code)
        except BrokenPipeError:
            _discard_output()
            sys.exit(BROKEN_PIPE)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
                raise _Failure(system_error(error)) from None
            traceback.print_exc()
            sys.exit(UNABLE)


class PytestCommand(Command):
    """A command that passes on to pytest what stands behind ``--``, and the options that were declared
    with ``suite_options``: ``pytest_arguments`` returns both."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            split = args.index("--")
            ctx.meta["pytest"], args = tuple(args[split + 1 :]), args[:split]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(
                f"no option {error.option_name}: arguments for pytest go behind --, as in "
                f"concurbench {ctx.info_name} -- {error.option_name} …",
                ctx,
            ) from None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PYTEST ARGUMENTS]"]


class _Failure(click.ClickException):
    exit_code = UNABLE


SUITE_OPTIONS = (
    ("--models", "NAME,…", "Models to run: names, 'default' or 'all'."),
    ("--cases", "NAME,…", "Cases to run: names, 'all' or 'smallest'."),
    ("--workers", "N,…", "Maximum units in flight, in place of each case's own number."),
    ("--http-server", "NAME", "The HTTP server: mock, local or both."),
    ("--http-delay", "SECONDS", "How long the HTTP server waits before each answer."),
    ("--http-connect-delay", "SECONDS", "How much later a new connection has its first answer."),
    ("--losses", "", "Also measure where downloads lose time, part by part."),
    ("--expected-skips", "FILE", "Fail on a skip whose reason matches no pattern in this file."),
    ("--seconds-per-row", "SECONDS", "How long to time each row in each pass."),
)
"""Option, metavar (empty for a switch) and help of what a suite such as this repository's adds to
pytest. Other suites may not have them: pytest then refuses an option that was given."""


def with_options(*options: Decorator) -> Decorator:
    """A decorator that adds these options of click to a command; its help lists them in this order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def timeout_option(seconds: float) -> Decorator:
    """The option ``--timeout``, with this default."""
    return click.option(
        "--timeout",
        default=seconds,
        show_default=True,
        metavar="SECONDS",
        type=Seconds(min=1),
        help="Give up a child process after this long without a response.",
    )


def pytest_arguments(ctx: click.Context) -> tuple[str, ...]:
    """The arguments for pytest in a call of a ``PytestCommand``."""
    return (*ctx.meta.get("suite", ()), *ctx.meta.get("pytest", ()))


def _pass_on(ctx: click.Context, param: click.Parameter, value: str | bool | None) -> None:
    if value is not None and value is not False:
        given = param.opts[0] if value is True else f"{param.opts[0]}={value}"
        ctx.meta.setdefault("suite", []).append(given)


suite_options = with_options(
    *(
        click.option(
            name,
            metavar=metavar or None,
            is_flag=not metavar,
            expose_value=False,
            callback=_pass_on,
            help=text,
        )
        for name, metavar, text in SUITE_OPTIONS
    )
)
"""Adds the options of a suite such as this repository's to a ``PytestCommand``."""


def system_error(error: OSError, written: Path | None = None) -> str:
    """A sentence on an error of the operating system; ``written`` is the file or folder that was being
    written, where the caller knows."""
    file, why = written or error.filename, (error.strerror or str(error)).lower()
    if written or error.errno in NOT_WRITABLE:
        return f"cannot write {file}: {why}" if file else f"cannot write: {why}"
    return f"{file}: {why}" if file else why


def _open_output() -> None:
    """Where standard output or errors are closed, open them on the null device: otherwise another file
    would get their number, and child processes would print into it."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            os.set_inheritable(number, True)  # open may have returned this very number
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))


def _discard_output() -> None:
    """Where the reader has closed the pipe, print into nothing: Python would flush what is left when it
    ends, fail, and report that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write(path: Path, mode: str, text: str) -> None:
    """Write text to a file that was opened in this mode."""
    with path.open(mode, encoding="utf-8") as file:
        file.write(text)


def published(publish: Callable[[], None]) -> None:
    """Call ``publish``; where it cannot print or write, say so and go on: the verdict and its exit code
    stand all the same. A reader that has read enough is no error."""
    try:
        publish()
    except BrokenPipeError:
        _discard_output()
    except (OSError, UnicodeError) as error:
        with contextlib.suppress(OSError, UnicodeError):
            click.echo(f"the result could not be printed or written: {error}", err=True)


def check_writable(file: Path | None) -> None:
    """Fail before minutes are spent on a result that could not be written.

    Raises:
        ConcurbenchError: the file could not be written.
    """
    if file is None:
        return
    folder = file.parent
    if file.exists() and not file.is_file():
        raise ConcurbenchError(f"cannot write {file}: not a regular file")
    if not folder.is_dir():
        raise ConcurbenchError(f"cannot write {file}: no folder {folder}")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise ConcurbenchError(f"cannot write {file}: permission denied")


class Seconds(click.FloatRange):
    """A finite number of seconds within a range."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"expected a number of seconds, got {value!r}", param, ctx)
        return seconds


def share(text: str) -> float:
    """The type of an option: ``5%`` or ``0.05``."""
    text = text.strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise click.BadParameter(f"expected a share between 0 and 1, as 5% or 0.05, got {text!r}")
    return found


def signals_that_end() -> tuple[signal.Signals, ...]:
    """The signals that ask a program to end, except those that are ignored (nohup ignores SIGHUP)."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # not every system has all of them
    numbers = (signal.Signals[name] for name in names if hasattr(signal, name))
    return tuple(each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within this context a signal that ends a program raises ``Interrupted``, so that everything is
    closed on the way out."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # closing takes a moment, and must not be cut short
        raise Interrupted(number)

    numbers = signals_that_end()
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
