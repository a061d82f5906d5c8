"""The files of base and head: copies, so that the user's tree and repository are never touched.

A revision is checked out into a clone that shares the objects of the user's repository. The working
tree is its revision, overlaid with the files that git lists as changed or new. A plain directory is
copied.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from concurbench.errors import ConcurbenchError

NOT_COPIED = frozenset(
    (".git", ".hg", "__pycache__", ".tox", ".nox", "node_modules", ".mypy_cache", ".ruff_cache",
     ".pytest_cache", ".benchmarks")
)  # fmt: skip
"""Folders of a plain directory that are caches or tools, not files of the project."""

STATUS = (
    "status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all",
    "--ignore-submodules=none",
)  # fmt: skip
SPACES = {"1": 8, "u": 10, "?": 1}
"""Kind of a line of this status -> the spaces before its path: changed, unmerged, untracked."""

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
        found = set()
        for root in self.roots:
            found |= {path.stem for path in root.glob("*.py") if path.name not in NO_MODULES}
        for path in self.folder.rglob("__init__.py"):
            package = path.parent
            if not (package.parent / "__init__.py").exists():
                found.add(package.name)
        return found


def check_out(asked: str | None, where: Path, into: Path) -> Checkout:
    """Copy a revision, a plain directory, or with None the working tree, into the folder ``into``.

    Args:
        asked: as the user named it.
        where: the directory in which the user named it.

    Raises:
        ConcurbenchError: it could not be checked out or copied.
    """
    if asked is not None and _is_path(asked):
        return _copy(where / Path(asked).expanduser(), into, asked)
    top = _top(where)
    if asked is None:
        return _copy(where, into, "working tree") if top is None else _working_tree(top, where, into)
    commit = _commit(top, asked) if top else None
    if top is None or commit is None:
        if (where / asked).is_dir():
            return _copy(where / asked, into, asked)
        raise ConcurbenchError(_no_such(asked, where, top))
    _clone(top, commit, into)
    part = where.resolve().relative_to(top)
    if not (into / part).is_dir():
        raise ConcurbenchError(f"{asked} ({commit[:7]}) has no folder {part}")
    return Checkout(f"{asked} ({commit[:7]})", into / part, into, top)


def _is_path(asked: str) -> bool:
    return asked.startswith((".", os.sep, "~"))  # as no revision does


def _no_such(asked: str, where: Path, top: Path | None) -> str:
    if shutil.which("git") is None:
        return f"no directory {asked!r}, and git is not installed to look for a revision"
    if top is None:
        return f"no directory {asked!r}, and {where} is not in a git repository"
    hint = "; this clone is shallow: fetch the whole history" if _is_shallow(top) else ""
    return f"no revision and no directory {asked!r} in {top}{hint}"


def _top(where: Path) -> Path | None:
    if shutil.which("git") is None:
        return None
    try:
        return Path(_git(where, "rev-parse", "--show-toplevel").strip()).resolve()
    except ConcurbenchError as error:
        if "dubious ownership" in str(error):
            raise
        return None


def _commit(top: Path, revision: str) -> str | None:
    try:
        found = _git(top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        return found.strip()
    except ConcurbenchError:
        return None


def _working_tree(top: Path, where: Path, into: Path) -> Checkout:
    commit = _commit(top, "HEAD")
    if commit is None:
        raise ConcurbenchError(f"{top} has no commit yet")
    overlaid = []
    for line in filter(None, _git(top, *STATUS).split("\0")):
        kind, *fields = line.split(" ", SPACES[line[0]])
        if kind == "1" and fields[1].startswith("S"):
            raise ConcurbenchError(
                f"submodule {fields[-1]} has changes of its own, which would be lost in a copy: "
                "commit or undo them"
            )
        overlaid.append(Path(fields[-1]))
    _clone(top, commit, into)
    for path in overlaid:
        _overlay(top / path, into / path)
    dirty = f" + {len(overlaid)} changed" if overlaid else ""
    return Checkout(
        f"working tree ({commit[:7]}{dirty})", into / where.resolve().relative_to(top), into, top
    )


def _overlay(source: Path, target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    elif source.is_dir():  # a repository within, not listed file by file
        _copy_tree(source, target)


def _clone(repository: Path, commit: str, into: Path) -> None:
    clone = ["clone", "--quiet", "--shared", "--no-checkout"]
    _git(repository, *clone, "--", str(repository), str(into))
    if _is_shallow(repository):  # then git copies the objects of branches and tags alone
        _git(into, "fetch", "--quiet", "origin", commit)
    _git(into, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", "--force", commit)
    for path, theirs in _submodules(into, commit):
        if not (repository / path / ".git").exists():
            continue  # the user has not checked it out either
        if _commit(repository / path, theirs) is None:
            raise ConcurbenchError(
                f"submodule {path} has no commit {theirs[:7]} here: git submodule update fetches it"
            )
        _clone(repository / path, theirs, into / path)


def _is_shallow(repository: Path) -> bool:
    return _git(repository, "rev-parse", "--is-shallow-repository").strip() == "true"


def _submodules(repository: Path, commit: str) -> Iterable[tuple[str, str]]:
    for line in filter(None, _git(repository, "ls-tree", "-r", "-z", commit).split("\0")):
        about, _, path = line.partition("\t")
        mode, _, name = about.split(" ")
        if mode == "160000":
            yield path, name


def _copy(folder: Path, into: Path, asked: str) -> Checkout:
    if not folder.is_dir():
        raise ConcurbenchError(f"no directory {asked!r}")
    _copy_tree(folder, into)
    return Checkout(asked, into, into, folder.resolve())


def _copy_tree(folder: Path, into: Path) -> None:
    def left_out(parent: str, names: list[str]) -> set[str]:
        environments = {name for name in names if Path(parent, name, "pyvenv.cfg").is_file()}
        return environments | NOT_COPIED.intersection(names)

    try:
        shutil.copytree(folder, into, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise ConcurbenchError(f"{folder} cannot be copied: {error}") from None


def _git(folder: Path, *arguments: str) -> str:
    # A hook that runs this command has named its own repository there.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_OPTIONAL_LOCKS"] = "0"  # leave the user's index alone
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    if done.returncode:
        lines = os.fsdecode(done.stderr).strip().splitlines() or ["no reason given"]
        error = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
        raise ConcurbenchError(f"git {arguments[0]} in {folder}: {error.removeprefix('fatal: ')}")
    return os.fsdecode(done.stdout)
