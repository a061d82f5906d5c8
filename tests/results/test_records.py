"""Files that grow during a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.results import records
from concurbench.results.records import Record


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    record = Record(tmp_path / "new" / "r.jsonl", "pairs", {"base": "a"})
    record.append({"n": 1})
    record.append({"n": 2})
    assert records.read(record.path, "pairs") == ({"kind": "pairs", "base": "a"}, [{"n": 1}, {"n": 2}])


def test_a_line_that_was_cut_off_is_left_out_and_more_can_be_appended(tmp_path: Path) -> None:
    record = Record(tmp_path / "r.jsonl", "pairs", {})
    record.append({"n": 1})
    with record.path.open("a") as file:
        file.write('{"n": 2, "se')
    assert records.read(record.path, "pairs")[1] == [{"n": 1}]
    Record.reopened(record.path).append({"n": 3})
    assert records.read(record.path, "pairs")[1] == [{"n": 1}, {"n": 3}]


@pytest.mark.parametrize("text", [b"", b"no JSON\n", b'{"kind":"other"}\n', b"[1]\n", b"\xff"])
def test_another_kind_of_file_is_refused_by_its_name(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "r.jsonl").write_bytes(text)
    with pytest.raises(ConcurbenchError, match=r"r\.jsonl is not a pairs file"):
        records.read(tmp_path / "r.jsonl", "pairs")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConcurbenchError, match=r"cannot read .*gone\.jsonl: No such file"):
        records.read(tmp_path / "gone.jsonl", "pairs")
