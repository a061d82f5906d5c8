"""Files are written completely or not at all, and runs get their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_benchmark.logger import Logger

from concurbench.results.storage import Storage, default_path, from_here, write_atomic


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path), Logger(), default_machine_id="here")


def names(storage: Storage) -> list[str]:
    return sorted(path.name for path in storage.folder.iterdir())


def test_a_complete_run_gets_the_next_number(storage: Storage) -> None:
    storage.complete = True
    storage.folder.mkdir()
    (storage.folder / "10041_old.json").touch()
    (storage.folder / "9998_old.json").touch()
    storage.save({}, "new")
    assert names(storage) == ["10041_old.json", "10042_new.json", "9998_old.json"]


def test_an_incomplete_run_never_overwrites_and_never_looks_numbered(storage: Storage) -> None:
    for name in ("mine", "mine", "0007_mine"):
        storage.save({}, name)
    assert names(storage) == ["mine-2.json", "mine.json", "partial_0007_mine.json"]


def test_a_run_that_cannot_be_written_to_its_folder_is_written_to_a_temporary_one(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    (Path(storage.path) / "here").write_text("in the way")
    storage.save({"rows": 1}, "mine")
    assert re.match(r"cannot write .*mine\.json: .*; it is in ", storage.trouble or "")
    assert storage.saved is not None
    assert storage.saved.is_relative_to(elsewhere)
    assert storage.saved.read_text() == '{\n "rows": 1\n}'
    assert not list(tmp_path.rglob("*.part"))


def test_checking_a_folder_leaves_nothing_in_it(storage: Storage) -> None:
    storage.check_writable()
    assert not storage.folder.exists()
    storage.folder.write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        storage.check_writable()


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.json"
    for text in ("first", "second"):
        write_atomic(path, text)
        assert [each.read_text() for each in path.parent.iterdir()] == [text]


def test_a_write_that_fails_leaves_the_old_content_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_files_of_a_command_are_kept_in_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_state_dir", lambda name: str(tmp_path / name))
    path = default_path("gates", "project")
    assert path.parent == tmp_path / "concurbench" / "gates"
    assert path.name.startswith("project-")


def test_a_path_below_the_current_folder_is_shown_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "a" / "b") == Path("a/b")
    assert from_here(Path("/elsewhere/b")) == Path("/elsewhere/b")
