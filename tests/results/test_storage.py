"""The names that runs are saved under."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.logger import Logger

from concurbench.results.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path), Logger(), default_machine_id="here")


def names(storage: Storage) -> list[str]:
    return sorted(path.name for path in storage.folder.iterdir())


def test_complete_runs_go_on_from_the_highest_number(storage: Storage) -> None:
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


def test_a_write_that_fails_leaves_no_part_and_keeps_the_run_elsewhere(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    (Path(storage.path) / "here").write_text("in the way")
    storage.save({"rows": 1}, "mine")
    assert storage.trouble is not None
    assert storage.saved is not None
    assert storage.saved.is_relative_to(elsewhere)
    assert storage.saved.read_text() == '{\n "rows": 1\n}'
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_is_checked_and_left_as_it_was(storage: Storage) -> None:
    storage.check_writable()
    assert not storage.folder.exists()
    storage.folder.write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        storage.check_writable()
