"""Where runs are kept, and under which name: complete ones get a number, the others never do."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_benchmark.logger import Logger
from pytest_benchmark.storage.file import FileStorage
from pytest_benchmark.utils import safe_dumps

from concurbench.results import runs


class Storage(FileStorage):
    """pytest-benchmark's own file storage, with our rules for saving."""

    def __init__(self, path: str | Path, logger: Logger, default_machine_id: str | None) -> None:
        super().__init__(path, logger, default_machine_id)  # type: ignore[no-untyped-call]  # not typed
        self.complete = False
        """Whether the run to be saved is complete, and so may become the next one's baseline."""
        self.saved: Path | None = None
        """Where the last run was saved."""
        self.trouble: str | None = None
        """Why it is not where it should be."""

    @property
    def folder(self) -> Path:
        """This machine's runs."""
        return Path(self.path) / (self.default_machine_id or "")

    def save(self, output_json: Mapping[str, Any], save: str) -> None:
        """Keep a run, whole or not at all; where the folder fails, among the temporary files."""
        content = safe_dumps(output_json, ensure_ascii=True, indent=1).encode()
        try:
            self.saved = self._write(self.folder, save, content)
        except OSError as error:
            self.saved = self._write(Path(tempfile.mkdtemp(prefix="concurbench-")), save, content)
            self.trouble = f"cannot write to {self.folder}: {error.strerror}"

    def check_writable(self) -> None:
        """Raises OSError if a run could not be saved."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass
        with contextlib.suppress(OSError):  # not empty: it stays
            self.folder.rmdir()

    def _write(self, folder: Path, name: str, content: bytes) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)  # temporary files are private, results are not
        target = self._free(folder, name)
        os.replace(file.name, target)
        return target

    def _free(self, folder: Path, name: str) -> Path:
        if self.complete:
            taken = runs.numbered(folder)
            number = runs.number(taken[0]) + 1 if taken else 1
            return folder / f"{number:04}_{name}.json"
        if runs.NUMBERED.fullmatch(f"{name}.json"):
            name = f"partial_{name}"  # it asked for the name of a complete run
        path, again = folder / f"{name}.json", 2
        while path.exists():
            path, again = folder / f"{name}-{again}.json", again + 1
        return path


def from_here(path: Path) -> Path:
    """A file's path as one would type it."""
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path
