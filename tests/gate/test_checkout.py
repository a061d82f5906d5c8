"""Copies of revisions and directories; the user's files stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.gate.checkout import Checkout, check_out
from tests.gate.conftest import Project

Make = Callable[[str], Project]


@pytest.fixture
def repository(project: Make) -> Project:
    made = project("repository")
    made.write("module.py", "VERSION = 1\n")
    made.write("gone.py", "\n")
    made.write(".gitignore", "ignored.py\n.venv/\n")
    made.commit("first")
    made.git("tag", "v1")
    made.write("module.py", "VERSION = 2\n")
    made.commit("second")
    return made


def read(checkout: Checkout, name: str = "module.py") -> str:
    return (checkout.folder / name).read_text()


def test_a_revision_is_checked_out(repository: Project, tmp_path: Path) -> None:
    for revision, version in (("v1", 1), ("HEAD~1", 1), ("main", 2)):
        into = tmp_path / f"into-{version}-{revision}"
        checkout = check_out(revision, repository.folder, into)
        assert read(checkout) == f"VERSION = {version}\n"
        assert checkout.label.startswith(f"{revision} (")


def test_git_describe_works_in_the_copy(repository: Project, tmp_path: Path) -> None:
    checkout = check_out("main", repository.folder, tmp_path / "into")
    assert Project(checkout.folder).git("describe", "--tags").startswith("v1-1-g")


def test_the_working_tree_is_copied_with_uncommitted_changes(
    repository: Project, tmp_path: Path
) -> None:
    repository.write("module.py", "VERSION = 3\n")
    repository.write("new/file.py", "\n")
    repository.write("staged.py", "\n")
    repository.git("add", "staged.py")
    repository.write("ignored.py", "\n")
    repository.write(".venv/pyvenv.cfg", "\n")
    (repository.folder / "gone.py").unlink()
    checkout = check_out(None, repository.folder, tmp_path / "into")
    assert read(checkout) == "VERSION = 3\n"
    names = {path.relative_to(checkout.folder).as_posix() for path in checkout.folder.rglob("*.py")}
    assert names == {"module.py", "new/file.py", "staged.py"}
    assert not (checkout.folder / ".venv").exists()
    assert "changed" in checkout.label


def test_a_repository_within_is_copied_with_the_working_tree(
    repository: Project, tmp_path: Path
) -> None:
    inner = Project(repository.folder / "inner")
    inner.write("deep.py", "DEEP = 1\n")
    inner.git("init", "--quiet")
    checkout = check_out(None, repository.folder, tmp_path / "into")
    assert read(checkout, "inner/deep.py") == "DEEP = 1\n"


def test_the_users_repository_does_not_change(repository: Project, tmp_path: Path) -> None:
    def files() -> list[object]:
        return [(path, path.stat().st_mtime_ns) for path in sorted(repository.folder.rglob("*"))]

    repository.write("module.py", "VERSION = 3\n")
    (repository.folder / "gone.py").touch()  # git status would record this in its index
    before = files()
    check_out("v1", repository.folder, tmp_path / "base")
    check_out(None, repository.folder, tmp_path / "head")
    assert files() == before
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_a_project_can_be_a_subfolder_of_its_repository(project: Make, tmp_path: Path) -> None:
    made = project("repository")
    made.write("part/module.py", "\n")
    made.commit()
    checkout = check_out("main", made.folder / "part", tmp_path / "into")
    assert checkout.folder == tmp_path / "into/part"
    assert checkout.top == tmp_path / "into"
    made.write("later/module.py", "\n")
    made.commit()
    with pytest.raises(ConcurbenchError, match="has no folder later"):
        check_out("main~1", made.folder / "later", tmp_path / "other")


def test_a_plain_directory_is_copied_without_caches_and_environments(
    project: Make, tmp_path: Path
) -> None:
    made = project("plain")
    made.write("module.py", "\n")
    for name in ("env/pyvenv.cfg", "node_modules/x.js", "__pycache__/x.pyc", "sub/.tox/x"):
        made.write(name, "\n")
    checkout = check_out(str(made.folder), tmp_path, tmp_path / "into")
    files = [path for path in checkout.folder.rglob("*") if path.is_file()]
    assert files == [checkout.folder / "module.py"]


def test_a_name_that_is_a_directory_but_not_a_revision_means_the_directory(
    repository: Project, tmp_path: Path
) -> None:
    repository.write("other/module.py", "VERSION = 9\n")
    assert read(check_out("other", repository.folder, tmp_path / "into")) == "VERSION = 9\n"


@pytest.mark.parametrize(
    ("revision", "complaint"),
    [
        ("nonsense", "no revision and no directory 'nonsense'"),
        ("./nonsense", "no directory './nonsense'"),
        ("--help", "no revision and no directory '--help'"),
    ],
)
def test_an_unknown_revision_or_directory_is_one_sentence(
    repository: Project, tmp_path: Path, revision: str, complaint: str
) -> None:
    with pytest.raises(ConcurbenchError, match=complaint):
        check_out(revision, repository.folder, tmp_path / "into")


def test_a_revision_outside_of_a_repository_is_refused(project: Make, tmp_path: Path) -> None:
    sentence = r"no directory 'main', and no revision: .*not a git repository"
    with pytest.raises(ConcurbenchError, match=sentence):
        check_out("main", project("plain").folder, tmp_path / "into")


def test_a_missing_git_or_commit_is_one_sentence(
    project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = project("empty")
    made.git("init", "--quiet")
    with pytest.raises(ConcurbenchError, match="has no commit yet"):
        check_out(None, made.folder, tmp_path / "into")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConcurbenchError, match="git is not installed"):
        check_out("main", made.folder, tmp_path / "into")


def test_a_shallow_clone_that_lacks_the_revision_says_what_to_do(
    repository: Project, project: Make, tmp_path: Path
) -> None:
    shallow = project("shallow")
    shallow.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", ".")
    assert read(check_out("HEAD", shallow.folder, tmp_path / "into")) == "VERSION = 2\n"
    with pytest.raises(ConcurbenchError, match="shallow: fetch the whole history"):
        check_out("v1", shallow.folder, tmp_path / "base")
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "tag", "v1")
    first = shallow.git("rev-parse", "v1^{commit}")
    shallow.git("tag", "--delete", "v1")  # as after a fetch in CI, no reference contains the commit
    assert read(check_out(first, shallow.folder, tmp_path / "base")) == "VERSION = 1\n"


@pytest.fixture
def with_submodule(repository: Project, project: Make) -> Project:
    inner = project("inner")
    inner.write("inner.py", "INNER = 1\n")
    inner.commit()
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.folder), "sub"
    )
    repository.commit("with a submodule")
    return repository


def test_submodules_are_copied(with_submodule: Project, tmp_path: Path) -> None:
    for number, revision in enumerate(("main", None)):
        checkout = check_out(revision, with_submodule.folder, tmp_path / str(number))
        assert read(checkout, "sub/inner.py") == "INNER = 1\n"


def test_a_submodule_with_changes_is_refused(with_submodule: Project, tmp_path: Path) -> None:
    with_submodule.write("sub/inner.py", "INNER = 2\n")
    with pytest.raises(ConcurbenchError, match="submodule sub has changes of its own"):
        check_out(None, with_submodule.folder, tmp_path / "into")


def test_a_missing_commit_of_a_submodule_is_one_sentence(
    with_submodule: Project, tmp_path: Path
) -> None:
    with_submodule.git("update-index", "--cacheinfo", f"160000,{'1' * 40},sub")
    with_submodule.git("commit", "--quiet", "--message", "elsewhere")
    with pytest.raises(ConcurbenchError, match="submodule sub has no commit 1111111 here"):
        check_out("main", with_submodule.folder, tmp_path / "into")


def test_top_level_modules_are_found_in_every_folder(tmp_path: Path) -> None:
    made = Project(tmp_path / "x")
    packages = ("flat", "src/deep", "python/far", "python/far/within")
    files = ("single.py", "conftest.py", "setup.py", "docs/x.md")
    for name in (*files, *(f"{package}/__init__.py" for package in packages)):
        made.write(name, "\n")
    checkout = Checkout("x", made.folder, made.folder, made.folder)
    assert checkout.names == {"flat", "single", "deep", "far"}
    assert checkout.roots == [made.folder / "src", made.folder]
