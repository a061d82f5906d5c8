"""The files of base and head: copies, so that the user's tree and repository are never touched.

A revision is checked out into a clone that shares the objects of the user's repository. The working
tree is its revision, overlaid with the files that git lists as changed or new. A plain directory is
copied.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from concurbench.errors import ConcurbenchError

NOT_COPIED = frozenset(
    (".git", ".hg", "__pycache__", ".tox", ".nox", "node_modules", ".mypy_cache", ".ruff_cache",
     ".pytest_cache", ".benchmarks")
)  # fmt: skip
"""Folders of a plain directory that are caches or tools, not files of the project."""

STATUS = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all",
          "--ignore-submodules=none")  # fmt: skip

NO_MODULES = frozenset(("conftest.py", "setup.py", "noxfile.py"))


@dataclass(frozen=True)
class Checkout:
    """The copy of an arm."""

    label: str
    """The revision or directory as the user named it, with its commit."""
    folder: Path
    """The project in the copy: pytest runs there."""
    top: Path
    """The whole copy; the project may be a part of its repository."""
    origin: Path
    """The original."""

    @property
    def roots(self) -> list[Path]:
        """The folders that its modules are imported from."""
        source = self.folder / "src"
        return [source, self.folder] if source.is_dir() else [self.folder]

    @property
    def names(self) -> set[str]:
        """Its top-level modules, in any folder: imported from elsewhere, they are not this arm's."""
        files = (path for root in self.roots for path in root.glob("*.py"))
        packages = (path.parent for path in self.folder.rglob("__init__.py"))
        return {path.stem for path in files if path.name not in NO_MODULES} | {
            path.name for path in packages if not (path.parent / "__init__.py").exists()
        }


def check_out(asked: str | None, where: Path, into: Path) -> Checkout:
    """Copy a revision, a plain directory, or with None the working tree, into the folder ``into``.

    Args:
        asked: as the user named it.
        where: the directory in which the user named it.

    Raises:
        ConcurbenchError: it could not be checked out or copied.
    """
    folder = where / Path(asked or "").expanduser()
    if asked is not None and asked.startswith((".", os.sep, "~")):  # as no revision does
        return _copy(folder, into, asked)
    try:
        top = Path(_git(where, "rev-parse", "--show-toplevel").strip()).resolve()
    except ConcurbenchError as error:
        if "dubious ownership" in str(error):
            raise
        if folder.is_dir():
            return _copy(folder, into, asked or "working tree")
        raise ConcurbenchError(f"no directory {asked!r}, and no revision: {error}") from None
    commit = _commit(top, asked or "HEAD")
    if commit is None:
        if asked is None:
            raise ConcurbenchError(f"{top} has no commit yet")
        if folder.is_dir():
            return _copy(folder, into, asked)
        hint = "; this clone is shallow: fetch the whole history" if _is_shallow(top) else ""
        raise ConcurbenchError(f"no revision and no directory {asked!r} in {top}{hint}")
    changed = _changed(top) if asked is None else []
    _clone(top, commit, into)
    for path in changed:
        _overlay(top / path, into / path)
    more = f" + {len(changed)} changed" if changed else ""
    label = f"{asked or 'working tree'} ({commit[:7]}{more})"
    part = where.resolve().relative_to(top)
    if not (into / part).is_dir():
        raise ConcurbenchError(f"{label} has no folder {part}")
    return Checkout(label, into / part, into, top)


def _commit(repository: Path, revision: str) -> str | None:
    arguments = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    try:
        return _git(repository, *arguments).strip()
    except ConcurbenchError:
        return None


def _is_shallow(repository: Path) -> bool:
    return _git(repository, "rev-parse", "--is-shallow-repository").strip() == "true"


def _changed(top: Path) -> list[str]:
    """The paths that differ from HEAD, and those of untracked files."""
    paths = []
    for line in filter(None, _git(top, *STATUS).split("\0")):
        kind, path = line[:2], line[3:]
        if kind != "??" and (top / path / ".git").exists():
            raise ConcurbenchError(
                f"submodule {path} has changes of its own, which would be lost in a copy: "
                "commit or undo them"
            )
        paths.append(path)
    return paths


def _overlay(source: Path, target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    elif source.is_dir():  # a repository within, not listed file by file
        _copy_tree(source, target)


def _clone(repository: Path, commit: str, into: Path) -> None:
    clone = ("clone", "--quiet", "--shared", "--no-checkout")
    _git(repository, *clone, "--", str(repository), str(into))
    if _is_shallow(repository):  # then git copies the objects of branches and tags alone
        _git(into, "fetch", "--quiet", "origin", commit)
    _git(into, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", "--force", commit)
    for line in filter(None, _git(into, "ls-tree", "-r", "-z", commit).split("\0")):
        about, _, path = line.partition("\t")
        mode, _, theirs = about.split(" ")
        submodule = repository / path
        if mode != "160000" or not (submodule / ".git").exists():
            continue  # no submodule, or one that the user has not checked out either
        if _commit(submodule, theirs) is None:
            raise ConcurbenchError(
                f"submodule {path} has no commit {theirs[:7]} here: git submodule update fetches it"
            )
        _clone(submodule, theirs, into / path)


def _copy(folder: Path, into: Path, label: str) -> Checkout:
    if not folder.is_dir():
        raise ConcurbenchError(f"no directory {label!r}")
    _copy_tree(folder, into)
    return Checkout(label, into, into, folder.resolve())


def _copy_tree(folder: Path, into: Path) -> None:
    def left_out(parent: str, names: list[str]) -> set[str]:
        environments = {name for name in names if Path(parent, name, "pyvenv.cfg").is_file()}
        return environments | NOT_COPIED.intersection(names)

    try:
        shutil.copytree(folder, into, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    except OSError as error:
        raise ConcurbenchError(f"{folder} cannot be copied: {error}") from None


def _git(folder: Path, *arguments: str) -> str:
    # A hook that runs this command has named its own repository there.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_OPTIONAL_LOCKS"] = "0"  # leave the user's index alone
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
    except FileNotFoundError:
        raise ConcurbenchError("git is not installed") from None
    if done.returncode:
        lines = os.fsdecode(done.stderr).strip().splitlines() or ["no reason given"]
        error = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
        raise ConcurbenchError(f"git {arguments[0]} in {folder}: {error.removeprefix('fatal: ')}")
    return os.fsdecode(done.stdout)
