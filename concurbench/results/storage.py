"""Writing files: atomically, and runs under their names. Only complete runs get a number."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
from pytest_benchmark.logger import Logger
from pytest_benchmark.storage.file import FileStorage
from pytest_benchmark.utils import safe_dumps

from concurbench.results import runs


def write_atomic(path: Path, text: str) -> None:
    """Replace the content of a file, and create its folder if needed.

    Raises:
        OSError: it cannot be written; its old content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_or_rescue(path: Path, text: str) -> tuple[Path, str | None]:
    """Write a file; if that fails, write it to a temporary folder instead.

    Returns where it is, and why it is not at ``path``.
    """
    try:
        write_atomic(path, text)
    except OSError as error:
        rescued = Path(tempfile.mkdtemp(prefix="concurbench-")) / path.name
        write_atomic(rescued, text)
        return rescued, f"cannot write {path}: {error.strerror}; it is in {rescued}"
    return path, None


def default_path(kind: str, project: str) -> Path:
    """A new file in the user's state folder, for what a command of this kind measures of a project."""
    name = f"{project}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.json"
    return Path(platformdirs.user_state_dir("concurbench")) / kind / name


def from_here(path: Path) -> Path:
    """The path relative to the current folder if it is below that."""
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path


def partial_run(reasons: Sequence[str], *, saved: bool) -> str:
    """A sentence on a run that is not complete, for these reasons."""
    so = "no baseline" if saved else "not saved (--benchmark-save=NAME saves it anyway)"
    return f"not a complete run, so {so}: {'; '.join(reasons)}"


class Storage(FileStorage):
    """pytest-benchmark's file storage with this project's names and atomic writes."""

    def __init__(self, path: str | Path, logger: Logger, default_machine_id: str | None) -> None:
        super().__init__(path, logger, default_machine_id)  # type: ignore[no-untyped-call]  # not typed
        self.complete = False
        """Whether the run to save is complete, and so may become a baseline."""
        self.saved: Path | None = None
        """Where the last run was saved."""
        self.trouble: str | None = None
        """Why it is not in the folder."""

    @property
    def folder(self) -> Path:
        return Path(self.path) / (self.default_machine_id or "")

    def save(self, output_json: Mapping[str, Any], save: str) -> None:
        """Save a run; if the folder fails, in a temporary one, with ``trouble`` saying why."""
        text = safe_dumps(output_json, ensure_ascii=True, indent=1)
        self.saved, self.trouble = write_or_rescue(self._free(save), text)

    def check_writable(self) -> None:
        """Raises OSError if a run could not be saved."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass
        with contextlib.suppress(OSError):  # it is not empty
            self.folder.rmdir()

    def _free(self, name: str) -> Path:
        """A path that no file has yet."""
        if self.complete:
            taken = runs.numbered(self.folder)
            number = runs.number(taken[0]) + 1 if taken else 1
            return self.folder / f"{number:04}_{name}.json"
        if runs.NUMBERED.fullmatch(f"{name}.json"):
            name = f"partial_{name}"  # numbers are for complete runs
        path, again = self.folder / f"{name}.json", 2
        while path.exists():
            path, again = self.folder / f"{name}-{again}.json", again + 1
        return path
