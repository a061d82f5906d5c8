"""A model in a process of its own, for ``OWN_PROCESS``: ``OwnProcess`` is the caller's end of it.

Such a model changes the process that imports it: gevent replaces sockets, locks and ``time.sleep`` of
the standard library. Its process is a new interpreter. It imports the model's file first, before the
workload and its packages, so the file's first lines can still change what these import.

The process starts once and does one job after the other. What its caller times includes the way
through a pipe: job and answers are pickled, sent and unpickled, which takes some hundreds of
microseconds for two hundred answers. It excludes the start and all imports. The process has one more
thread than the model, which ends it when its caller has ended, even by SIGKILL. Prints of the model
go to stderr. A mock in the caller's process does not exist in this one.
"""

from __future__ import annotations

import _thread  # gevent replaces the functions of threading, but those of this module stay as they are
import contextlib
import gc
import importlib.util
import io
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep  # the system's own, whatever a model replaces in the module
from typing import IO, Any, NamedTuple, Self

from impls._requirements import Unavailable, check_importable

LOOK = 0.5
"""Seconds between two looks whether the caller has ended."""

GRACE = 5.0
"""Seconds that a process which has closed its pipe gets to end."""


class Died(Exception):
    """The process has ended and does no more jobs; the message names the exit status."""


class ModelTraceback(Exception):
    """The cause of an error from the process: where it arose there, as text."""


class Reply(NamedTuple):
    """A message to the caller: what came of an import or of a job."""

    pickled: bytes | None = None
    """The answers or the error; None if these cannot be pickled."""
    failed: str | None = None
    """An error in one line; None if there was none."""
    traceback: str = ""
    unavailable: bool = False
    """Whether ``failed`` is the reason why the model cannot run here."""


# -- the caller's end --


class OwnProcess:
    """A model's process, which lasts as long as a ``with`` block. It is the model's ``run``.

    Errors of the model are raised again, with their type if they can be pickled and as a RuntimeError
    otherwise. The process ends early if it dies, or if anything interrupts the wait for its answers.
    """

    def __init__(self, module: str, file: Path, requires: Sequence[str] = ()) -> None:
        """``module`` is the full name of the model's module, ``requires`` its declared packages."""
        self._module = module
        self._file = file
        self._requires = requires

    def __enter__(self) -> Self:
        path = filter(None, (str(self._file.parents[2]), os.environ.get("PYTHONPATH")))
        arguments = (str(os.getpid()), self._module, str(self._file), *self._requires)
        self.process = subprocess.Popen(
            # -P: the current folder may hold anything.
            [sys.executable, "-P", "-m", __name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            # Ctrl-C in the terminal reaches the caller alone, which then ends this session.
            start_new_session=True,
        )
        try:
            self._answer(b"")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self._end()

    def __call__(self, job: Any, *, workers: int) -> Any:
        """The model's answers.

        Raises:
            Died: the process has ended.
        """
        if self.process.returncode is not None:
            raise Died(f"{self._who} has ended")
        job_alone = pickle.dumps((job, workers), pickle.HIGHEST_PROTOCOL)
        # Twice, so that the process has read all of it even if the job cannot be unpickled there.
        return self._answer(pickle.dumps(job_alone))

    @property
    def _who(self) -> str:
        return f"the process of {self._module}"

    def _answer(self, message: bytes) -> Any:
        """Send a message, and wait for what came of it."""
        jobs, replies = self.process.stdin, self.process.stdout
        assert jobs and replies  # noqa: PT018 - both are pipes
        try:
            jobs.write(message)
            jobs.flush()
            reply = Reply(*pickle.load(replies))
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
            self._end()
            raise Died(f"{self._who} has ended (exit status {self.process.returncode})") from None
        except BaseException:  # its answers would come in place of the next ones
            self._end()
            raise
        return self._result(reply)

    def _result(self, reply: Reply) -> Any:
        if reply.unavailable:
            raise Unavailable(reply.failed)
        result: Any = None
        try:
            if reply.pickled is not None:
                result = _Unpickler(io.BytesIO(reply.pickled), self._module).load()
        except Exception:  # some errors can be pickled, but not unpickled
            if reply.failed is None:
                raise
        if reply.failed is None:
            return result
        error = result if isinstance(result, BaseException) else RuntimeError(reply.failed)
        raise error from ModelTraceback(f"\n{reply.traceback}")

    def _end(self) -> None:
        """End the process, with those that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in filter(None, (self.process.stdin, self.process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class _Unpickler(pickle.Unpickler):
    """Refuses what is defined in the model's file, whose import would change the caller's process."""

    def __init__(self, file: IO[bytes], module: str) -> None:
        super().__init__(file)
        self._module = module

    def find_class(self, module: str, name: str) -> Any:
        if module == self._module:
            raise pickle.UnpicklingError(f"{module}.{name} cannot be sent: define it in the workload")
        return super().find_class(module, name)


# -- the model's end --


def main(caller: str, module: str, file: str, *requires: str) -> None:
    """Import a model and do the jobs that come, until the process with the id ``caller`` ends."""
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - nothing else here needs a Path
        os.dup2(nothing.fileno(), 0)
    _thread.start_new_thread(_end_with, (int(caller),))
    run: Callable[..., Any] | None = None
    try:
        run = imported(module, file, requires).run
        reply = Reply()
    except BaseException as error:
        reply = _failed(error)
    gc.collect()
    gc.freeze()  # the collector looks at the objects of the jobs alone, as in the caller's process
    while True:
        pickle.dump(tuple(reply), replies)
        replies.flush()
        if run is None:
            return
        del reply
        gc.collect()  # no job pays for the garbage of the one before
        try:
            message = pickle.load(jobs)
        except EOFError:
            return
        reply = _done(run, message)


def _end_with(caller: int) -> None:
    while os.getppid() == caller:
        sleep(LOOK)
    os.killpg(0, signal.SIGKILL)


def imported(name: str, file: str, requires: Sequence[str]) -> Any:
    """The model's module, imported before the workload that it belongs to.

    Raises:
        Unavailable: a required package cannot be imported, or switches the GIL on.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    had_gil = _gil()
    try:
        spec.loader.exec_module(module)
    except ImportError:
        check_importable(requires)
        raise
    if _gil() and not had_gil:  # the caller records that of its own process
        raise Unavailable("its packages switch the GIL on")
    return module


def _gil() -> bool:
    """Whether the GIL is on."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _done(run: Callable[..., Any], message: bytes) -> Reply:
    try:
        job, workers = pickle.loads(message)
        return Reply(pickle.dumps(run(job, workers=workers), pickle.HIGHEST_PROTOCOL))
    except BaseException as error:
        return _failed(error)


def _failed(error: BaseException) -> Reply:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, Unavailable):
        return Reply(failed=str(error), unavailable=True)
    pickled = None
    with contextlib.suppress(Exception):  # a class may refuse in any way
        pickled = pickle.dumps(error)
    return Reply(pickled, text, "".join(traceback.format_exception(error)))


if __name__ == "__main__":
    main(*sys.argv[1:])
