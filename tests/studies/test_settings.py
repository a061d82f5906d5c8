"""The settings study, with rounds that take no time or were made up."""

from __future__ import annotations

import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from concurbench.report.text import as_text
from concurbench.results import records
from concurbench.results.records import Record
from servers import Seen
from servers.local import Local
from studies.settings import __main__ as command
from studies.settings.comparisons import (
    ALL,
    CLIENT_EACH,
    COMPARISONS,
    LOSSES,
    NONE,
    ONE_CLIENT,
    SOME,
    Value,
    over_tls,
    settings,
)  # fmt: skip
from studies.settings.report import KIND, ratio, read, report
from studies.settings.rounds import Bench, Measured
from tests.studies.test_intervals import FACTS

HEADER = {"machine": FACTS, "delay": 0.05}
KEPT = COMPARISONS[0]


def block(usual: float, other: float) -> dict[str, Any]:
    """A block of a comparison whose rounds took these seconds."""
    return {
        which: {"seconds": [seconds] * 2, "connections": [180, 190], "lost": [0, 0]}
        for which, seconds in (("usual", usual), ("other", other))
    }


def test_the_values_take_turns_and_every_other_block_begins_with_the_other_one() -> None:
    assert command.order(0) == command.order(2) == ("usual", "other", "other", "usual")
    assert command.order(1) == ("other", "usual", "usual", "other")


def test_a_ratio_is_that_of_neighbours_and_its_interval_shrinks_with_their_agreement() -> None:
    drifting = ratio([block(1.0, 2.0), block(2.0, 4.0), block(4.0, 8.0)])
    assert (drifting.low, drifting.middle, drifting.high) == pytest.approx((2.0, 2.0, 2.0))
    scattered = ratio([block(1.0, 1.0), block(1.0, 2.0), block(1.0, 4.0)])
    assert scattered.middle == pytest.approx(2.0)
    # Student's t for two degrees of freedom: 4.303, over the root of three.
    assert scattered.high == pytest.approx(2 * 2 ** (4.303 / 3**0.5), rel=1e-3)
    assert scattered.low * scattered.high == pytest.approx(4.0)


def written(path: Path, *entries: dict[str, Any]) -> Path:
    record = Record(path, KIND, HEADER)
    for entry in entries:
        record.append({"took": 1.0, **entry})
    return path


def test_the_report_has_measured_comparisons_and_counts_the_lost_requests(tmp_path: Path) -> None:
    name, loss = KEPT.name("asyncio_gather"), LOSSES[0]
    path = written(
        tmp_path / "study.jsonl",
        *({"name": name, **block(1.0, 3.0)} for _ in range(3)),
        {"name": KEPT.name("trio_nursery"), **block(1.0, 1.0)},  # too few
        *({"name": "connections kept: all → 20, threaded", **block(1.0, x)} for x in (0.9, 1.0, 1.1)),
        *({"name": loss.name, "requests": 1000, "lost": lost} for lost in (0, 2)),
    )
    shown = as_text(report(read(path)), 80)
    lines = [line.split() for line in shown.splitlines()]
    kept = "connections kept: 20 → all asyncio_gather 3.00 3.00–3.00 185 → 185"
    assert kept.split() in lines
    assert ["2,000", "asyncio_gather", "20", "2"] in lines
    assert "trio_nursery" not in shown
    assert "No difference shown: connections kept: all → 20 (threaded)." in shown


@pytest.fixture
def bench(undelayed_local: Local, tmp_path: Path) -> Bench:
    return Bench(lambda *_: undelayed_local, tmp_path / "flags")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()


@pytest.mark.parametrize(
    ("value", "connections"), [(NONE, {20}), (ALL, {1}), (SOME, {1}), (Value("as it comes"), {1})]
)
def test_a_round_keeps_as_many_connections_as_its_value_says(
    bench: Bench, value: Value, connections: set[int]
) -> None:
    for model in ("asyncio_gather", "threaded"):
        one_at_a_time = Value(value.name, limits=value.limits, workers=1)
        found = bench.round(model, "pop20", one_at_a_time)
        assert ({found.connections}, found.requests, found.lost) == (connections, 20, 0)


def test_a_round_changes_nothing_but_what_its_value_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = httpx.create_ssl_context, []

    def create() -> Any:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", create)
    for value, contexts, files in (
        (Value("own", own_contexts=True), 1, 20),
        (Value("nothing saved", saves=False), 0, 0),
        (Value("no timeout", timeout=None), 0, 20),
    ):
        made.clear()
        assert bench.round("asyncio_gather", "pop20", value).lost == 0
        assert (len(made), len(list(bench.folder.iterdir()))) == (contexts, files)
    assert httpx.AsyncClient.__name__ == "AsyncClient"


def test_a_value_may_name_the_server_and_another_model(
    undelayed_local: Local, undelayed_tls: Local, tmp_path: Path
) -> None:
    asked: list[tuple[str, float]] = []

    def server(protocol: str, connect_delay: float) -> Local:
        asked.append((protocol, connect_delay))
        return undelayed_local if protocol == "http" else undelayed_tls

    bench = Bench(server, tmp_path / "flags")
    for value, opened in ((ONE_CLIENT, 1), (CLIENT_EACH, 20), (over_tls(ONE_CLIENT, 0.05), 1)):
        found = bench.round("threaded", "pop20", replace(value, workers=1))
        assert (found.lost, found.connections) == (0, opened)
    assert asked == [("http", 0.0), ("http", 0.0), ("https", 0.05)]


def test_requests_without_an_answer_are_lost(tmp_path: Path) -> None:
    server: Any = types.SimpleNamespace(
        url="http://127.0.0.1:9", authority=None, reset=lambda: None, seen=lambda: Seen(0, 0)
    )
    found = Bench(lambda *_: server, tmp_path / "flags").round("threaded", "pop20", ALL)
    assert (found.lost, found.connections) == (20, 0)


@dataclass
class FakeBench:
    """Its rounds take no time."""

    rounds: list[tuple[str, str]] = field(default_factory=list)
    """The model and the value of each."""

    def round(self, model: str, case: str, value: Value) -> Measured:
        self.rounds.append((model, value.name))
        return Measured(1.0, 50, 25_000, 1)


@pytest.fixture
def fake() -> FakeBench:
    return FakeBench()


def test_only_what_a_file_lacks_is_measured(tmp_path: Path, fake: FakeBench) -> None:
    path = tmp_path / "study.jsonl"
    record: Any = Record(path, KIND, HEADER)
    bench: Any = fake
    command.measure(bench, record, [], 3, "garbage")
    models = next(each.models for each in COMPARISONS if each.setting == "garbage")
    # A round with each value before the blocks of four rounds.
    assert len(fake.rounds) == len(models) * (2 + 3 * 4)
    fake.rounds.clear()
    command.measure(bench, record, records.read(path, KIND)[1], 3, "garbage")
    assert fake.rounds == []
    command.measure(bench, record, records.read(path, KIND)[1], 4, "garbage")
    assert len(fake.rounds) == len(models) * (2 + 4)


def test_requests_are_counted_until_there_are_enough(tmp_path: Path, fake: FakeBench) -> None:
    bench: Any = fake
    command.measure(bench, Record(tmp_path / "study.jsonl", KIND, HEADER), [], 3, "lost")
    study = read(tmp_path / "study.jsonl")
    assert study.counts == {each.name: (25_000 * command.CHUNK, command.CHUNK) for each in LOSSES}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.main, list(map(str, arguments)))


def test_an_unknown_setting_is_one_sentence_and_a_file_needs_no_measurement(tmp_path: Path) -> None:
    result = run("-k", "colour")
    assert result.exit_code == 2
    assert f"no setting has 'colour' in its name: {', '.join(settings())}" in result.output
    path = written(tmp_path / "study.jsonl", {"name": LOSSES[0].name, "requests": 10, "lost": 0})
    assert ["10", "asyncio_gather", "20", "0"] in map(
        str.split, run("--from", path).output.splitlines()
    )
