"""What the commands have in common: arguments, sentences instead of tracebacks, an end in order."""

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
NOBODY_READS = 141
"""As shells have it: 128, and the number of SIGPIPE."""

FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Failure(click.ClickException):
    """One sentence, and the exit code for no answer."""

    exit_code = UNABLE


class Command(click.Command):
    """A command that ends with an exit code of its own, whatever happens."""

    def invoke(self, ctx: click.Context) -> Any:
        _open_output()
        # Python's own exit code for what nobody foresaw is 1: here that is a verdict.
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except ConcurbenchError as error:
            raise _Failure(str(error)) from None
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except BrokenPipeError:
            _unheard()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                traceback.print_exc()
                sys.exit(UNABLE)
            raise ConcurbenchError(f"nothing more can be written: {error.strerror}") from None
        except Exception:
            traceback.print_exc()
            sys.exit(UNABLE)


def _open_output() -> None:
    """Where standard output or errors are closed, what is said goes nowhere, and no other file gets
    their numbers, which the processes to be started would print into."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            os.set_inheritable(number, True)  # it may have had that number at once
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))


def _unheard() -> NoReturn:
    """Who read what was printed has enough, as ``head`` has: nothing more is said."""
    # Python would flush what is left, in vain, and say so.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(NOBODY_READS)


class PytestCommand(Command):
    """A command after whose own arguments ``--`` may stand, and arguments for pytest behind it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            split = args.index("--")
            ctx.meta["pytest"], args = tuple(args[split + 1 :]), args[:split]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PYTEST ARGUMENTS]"]


class PassesOn(Command):
    """A command that takes what it does not know as arguments for pytest."""

    ignore_unknown_options = True
    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        ctx.meta["pytest"] = tuple(ctx.args)
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[PYTEST ARGUMENTS]"]


def write(path: Path, mode: str, text: str) -> None:
    with path.open(mode, encoding="utf-8") as file:
        file.write(text)


def published(publish: Callable[[], None]) -> None:
    """The verdict stands, and so does its exit code, whether or not it could be shown."""
    try:
        publish()
    except (OSError, UnicodeError) as error:
        with contextlib.suppress(OSError, UnicodeError):
            click.echo(f"could not be shown or written: {error}", err=True)


def check_writable(file: Path | None) -> None:
    """Find out before minutes are spent."""
    if file is None:
        return
    folder = file.parent
    if file.exists() and not file.is_file():
        raise ConcurbenchError(f"{file} is no regular file")
    if not folder.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ConcurbenchError(f"{file} cannot be written")


class Seconds(click.FloatRange):
    """Seconds within a range, and never endless or no number at all, which is in every range."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"expected a number of seconds, got {value!r}", param, ctx)
        return seconds


def signals_that_end() -> tuple[signal.Signals, ...]:
    """Those that ask a program to end; what is ignored stays ignored, as nohup has it."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # not every system has all of them
    numbers = (signal.Signals[name] for name in names if hasattr(signal, name))
    return tuple(each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Signals that end a program end it in order: everything is closed on the way out."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # once is enough; closing takes a moment
        raise Interrupted(number)

    numbers = signals_that_end()
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
