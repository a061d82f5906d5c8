"""The two sides' files: copies, so that the user's tree and repository are never touched.

A revision is checked out into a repository of its own that borrows the objects of the user's one: like
a worktree, but nothing is registered there. The working tree is its revision with what git lists as
changed or new laid over it. A plain directory is copied.
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
"""Folders of a plain directory that belong to a place, not to the project."""

NO_MODULES = frozenset(("conftest.py", "setup.py", "noxfile.py"))


class CheckoutError(ConcurbenchError):
    """A side cannot be had; the message says why in one sentence."""


@dataclass(frozen=True)
class Checkout:
    """A side's own copy."""

    label: str
    """What the user asked for, with its commit."""
    folder: Path
    """The project in it: where pytest runs."""
    top: Path
    """All of it, which is more where the project is a part of its repository."""
    origin: Path
    """What it was copied from."""

    @property
    def roots(self) -> list[Path]:
        """The folders that its modules are imported from."""
        source = self.folder / "src"
        return [source, self.folder] if source.is_dir() else [self.folder]

    @property
    def names(self) -> set[str]:
        """The top-level modules it has, wherever in it they lie: imported from anywhere else, they
        would be somebody else's."""
        found = set()
        for root in self.roots:
            found |= {path.stem for path in root.glob("*.py") if path.name not in NO_MODULES}
        for path in self.folder.rglob("__init__.py"):
            package = path.parent
            if not (package.parent / "__init__.py").exists():
                found.add(package.name)
        return found


def check_out(asked: str | None, where: Path, into: Path) -> Checkout:
    """Copy what was asked for, seen from the directory ``where``: a revision, a plain directory, or
    with None the working tree.

    Raises:
        CheckoutError: it cannot be had.
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
        raise CheckoutError(_no_such(asked, where, top))
    _clone(top, commit, into)
    part = where.resolve().relative_to(top)
    if not (into / part).is_dir():
        raise CheckoutError(f"{asked} ({commit[:7]}) has no folder {part}")
    return Checkout(f"{asked} ({commit[:7]})", into / part, into, top)


def _is_path(asked: str) -> bool:
    return asked.startswith((".", os.sep, "~"))  # with which no revision starts


def _no_such(asked: str, where: Path, top: Path | None) -> str:
    if shutil.which("git") is None:
        return f"no directory {asked!r}, and no git here to look for a revision of that name"
    if top is None:
        return f"no directory {asked!r}, and {where} is in no git repository"
    shallow = _git(top, "rev-parse", "--is-shallow-repository").strip() == "true"
    hint = "; this clone is shallow: fetch all of the history" if shallow else ""
    return f"no revision and no directory {asked!r} in {top}{hint}"


def _top(where: Path) -> Path | None:
    if shutil.which("git") is None:
        return None
    try:
        return Path(_git(where, "rev-parse", "--show-toplevel").strip()).resolve()
    except CheckoutError as error:
        if "dubious ownership" in str(error):
            raise
        return None


def _commit(top: Path, revision: str) -> str | None:
    try:
        found = _git(top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        return found.strip()
    except CheckoutError:
        return None


def _working_tree(top: Path, where: Path, into: Path) -> Checkout:
    commit = _commit(top, "HEAD")
    if commit is None:
        raise CheckoutError(f"{top} has no commit yet")
    for line in _git(top, "status", "--porcelain=v2", "--ignore-submodules=none", "-z").split("\0"):
        fields = line.split(" ")
        if fields[0] in ("1", "2") and fields[2].startswith("S"):
            raise CheckoutError(
                f"submodule {fields[-1]} has changes of its own, which a copy would be without: "
                "commit or undo them"
            )
    _clone(top, commit, into)
    changed = _git(top, "diff", "--name-only", "--no-renames", "-z", "HEAD").split("\0")
    new = _git(top, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    overlaid = [Path(path) for path in (*changed, *new) if path]
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
    into.mkdir(parents=True, exist_ok=True)
    _git(into, "init", "--quiet")
    objects = Path(_git(repository, "rev-parse", "--git-path", "objects").strip())
    (into / ".git/objects/info/alternates").write_text(f"{(repository / objects).resolve()}\n")
    shallow = repository / _git(repository, "rev-parse", "--git-path", "shallow").strip()
    if shallow.exists():
        shutil.copy(shallow, into / ".git/shallow")
    tags = _git(repository, "for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
    (into / ".git/packed-refs").write_text(tags)  # versions are computed from them
    _git(into, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", "--force", commit)
    for path, theirs in _submodules(into, commit):
        if not (repository / path / ".git").exists():
            continue  # the user has none there either
        if _commit(repository / path, theirs) is None:
            raise CheckoutError(
                f"submodule {path} has no commit {theirs[:7]} here: git submodule update fetches it"
            )
        _clone(repository / path, theirs, into / path)


def _submodules(repository: Path, commit: str) -> Iterable[tuple[str, str]]:
    for line in filter(None, _git(repository, "ls-tree", "-r", "-z", commit).split("\0")):
        about, _, path = line.partition("\t")
        mode, _, name = about.split(" ")
        if mode == "160000":
            yield path, name


def _copy(folder: Path, into: Path, asked: str) -> Checkout:
    if not folder.is_dir():
        raise CheckoutError(f"no directory {asked!r}")
    _copy_tree(folder, into)
    return Checkout(asked, into, into, folder.resolve())


def _copy_tree(folder: Path, into: Path) -> None:
    def left_out(parent: str, names: list[str]) -> set[str]:
        environments = {name for name in names if Path(parent, name, "pyvenv.cfg").is_file()}
        return environments | NOT_COPIED.intersection(names)

    try:
        shutil.copytree(folder, into, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise CheckoutError(f"{folder} cannot be copied: {error}") from None


def _git(folder: Path, *arguments: str) -> str:
    # Not the repository that a hook may have named.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_OPTIONAL_LOCKS"] = "0"  # the user's index is not to be refreshed
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    if done.returncode:
        lines = os.fsdecode(done.stderr).strip().splitlines() or ["no reason given"]
        told = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
        raise CheckoutError(f"git {arguments[0]} in {folder}: {told.removeprefix('fatal: ')}")
    return os.fsdecode(done.stdout)
