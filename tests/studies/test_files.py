"""The record that studies append to."""

from __future__ import annotations

from pathlib import Path

from concurbench.results import records
from concurbench.results.records import Record


def test_a_file_that_was_cut_off_keeps_its_complete_entries_and_takes_more(tmp_path: Path) -> None:
    path = tmp_path / "x"
    record = Record(path, "study", {"machine": {}})
    record.append({"number": 1})
    with path.open("a") as file:
        file.write('{"number": 2')
    Record.reopened(path).append({"number": 3})
    header, entries = records.read(path, "study")
    assert header == {"kind": "study", "machine": {}}
    assert entries == [{"number": 1}, {"number": 3}]
