"""The plugin inside a suite's pytest; sessions run in this process, and a fake gate steps them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark import plugin as pytest_benchmark_plugin

from concurbench.runner.inside import concurbench_inside
from concurbench.runner.inside.concurbench_inside import stepped
from concurbench.runner.inside.concurbench_inside.options import without_obstacles


@pytest.mark.parametrize(
    ("configured", "left"),
    [
        ("", ""),
        ("-q --strict-markers -p plugin", "-q --strict-markers -p plugin"),
        ("-n 4 -q", "-q"),
        ("-n4 --dist=loadfile -nauto", ""),
        ("-q --maxfail", "-q --maxfail"),
        ("-xvs -qn4 -vn 2 --reruns 3", "-vs -q -v"),
        ("--cov --cov-report=html --cov=src -q", "-q"),
        ("--benchmark-disable --benchmark-json x.json -v", "-v"),
        (
            "--benchmark-disable-gc --benchmark-timer=time.process_time",
            "--benchmark-disable-gc --benchmark-timer=time.process_time",
        ),
        ("-x --maxfail=2 --lf --random-order --timeout 30", ""),
        ("-k slow -m gate", "-k slow -m gate"),
        ("--import-mode=importlib tests", "--import-mode=importlib tests"),
    ],
)
def test_options_that_obstruct_measuring_are_dropped(configured: str, left: str) -> None:
    assert without_obstacles(configured.split()) == left.split()


class Gate:
    """A fake gate: it selects all rows, and requests three rounds of each, or as many as it may."""

    def __init__(self) -> None:
        self.slower: dict[str, float] = {}
        self.messages: list[dict[str, Any]] = []
        self._requests: list[dict[str, Any]] = []
        self._rounds = 0

    def send(self, **message: Any) -> None:
        self.messages.append(message)
        if message["kind"] == "collected":
            rows = [row["id"] for row in message["rows"]]
            self._requests = [{"run": rows, "slower": self.slower}]
        elif message["kind"] == "ready":
            self._rounds = 3 if message["rounds"] is None else message["rounds"]
            self._requests = [{"do": "calibrate"}]
        elif message["kind"] == "calibrated":
            request = {"do": "rounds", "rounds": 1, "iterations": message["iterations"], "core": 0}
            self._requests = [request] * self._rounds + [{"do": "next"}]

    def receive(self) -> dict[str, Any]:
        return self._requests.pop(0)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["kind"] == kind]

    @property
    def outcomes(self) -> dict[str, tuple[str, str]]:
        return {
            each["row"].partition("::")[2]: (each["outcome"], each["reason"])
            for each in self.of("outcome")
        }


Session = Callable[..., None]


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Call it with instructions, the tests and arguments for pytest."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    # The plugin replaces it.
    fixture = pytest_benchmark_plugin.BenchmarkFixture  # type: ignore[attr-defined]  # not re-exported
    monkeypatch.setattr(pytest_benchmark_plugin, "BenchmarkFixture", fixture)

    def run(instructions: dict[str, Any], tests: str, *arguments: str) -> None:
        monkeypatch.setattr(concurbench_inside, "INSTRUCTIONS", instructions)
        pytester.makepyfile(test_x=tests)
        pytester.inline_run(
            "-p", "no:cacheprovider", *arguments, plugins=[concurbench_inside]
        )  # fmt: skip

    return run


Step = Callable[..., Gate]


@pytest.fixture
def step(session: Session, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Call it with tests and arguments for pytest: it steps them and returns the gate."""

    def run(tests: str, *arguments: str, gate: Gate | None = None, **instructions: Any) -> Gate:
        gate = gate or Gate()
        monkeypatch.setattr(stepped, "Channel", lambda _: gate)
        instructions = {"socket": 0, "own": [], "others": [], "names": [], **instructions}
        session(instructions, tests, *arguments)
        return gate

    return run


Batch = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def batch(session: Session, tmp_path: Path) -> Batch:
    """Call it with tests, the rows to run and arguments for pytest, for the messages."""

    def run(tests: str, rows: list[str] | None, *arguments: str) -> list[dict[str, Any]]:
        file = tmp_path / "messages"
        session({"messages": str(file), "run": rows}, tests, *arguments)
        return [json.loads(line) for line in file.read_text().splitlines()]

    return run


FORMS = """
    import pytest

    class Counter:
        calls = 0

    @pytest.fixture(scope="session")
    def for_all():
        yield Counter()

    @pytest.fixture(scope="module")
    def for_file(for_all):
        return [for_all]

    @pytest.fixture(scope="class")
    def for_class(for_file):
        return {"file": for_file}

    def test_called(benchmark):
        assert benchmark(sum, [1, 2]) == 3

    @pytest.mark.parametrize("size", [10, 20])
    def test_parametrized(benchmark, size):
        assert benchmark(lambda: size) == size

    class TestClass:
        def test_method(self, benchmark, for_class):
            benchmark.group = "methods"
            benchmark.extra_info["x"] = 1
            benchmark(len, for_class)
            assert benchmark.stats.stats.mean > 0

        @pytest.mark.benchmark(min_rounds=3, disable_gc=True)
        def test_other(self, benchmark, for_class):
            benchmark(len, for_class)

    def test_setup_and_teardown(benchmark):
        state = []

        def setup():
            assert not state
            state.append(1)
            return (state,), {"more": 2}

        def teardown(items, more):
            assert items == [1, 2]
            items.clear()

        def target(items, more):
            items.append(more)
            return more

        assert benchmark.pedantic(target, setup=setup, teardown=teardown, rounds=12) == 2
        assert not state

    def test_looped(benchmark):
        assert benchmark.pedantic(sum, args=([1],), iterations=50, rounds=10, warmup_rounds=2) == 1

    def test_once(benchmark):
        benchmark.pedantic(list, kwargs={})

    @pytest.mark.parametrize("shots", [1, 2, 7])
    def test_works_only_as_often_as_it_says(benchmark, shots):
        left = list(range(shots))
        benchmark.pedantic(left.pop, rounds=shots)

    def test_not_a_benchmark():
        raise AssertionError("only benchmarks run")
"""


def test_every_form_of_benchmark_is_stepped(step: Step) -> None:
    gate = step(FORMS)
    assert {*gate.outcomes.values()} == {("passed", "")}
    assert [*gate.outcomes] == [
        "test_called",
        "test_parametrized[10]",
        "test_parametrized[20]",
        "TestClass::test_method",
        "TestClass::test_other",
        "test_setup_and_teardown",
        "test_looped",
        "test_once",
        "test_works_only_as_often_as_it_says[1]",
        "test_works_only_as_often_as_it_says[2]",
        "test_works_only_as_often_as_it_says[7]",
    ]
    ready = {each["row"].partition("::")[2]: each["rounds"] for each in gate.of("ready")}
    assert ready["test_called"] is None
    assert ready["test_setup_and_teardown"] == 12
    assert len(gate.of("times")) == 5 * 3 + 12 + 10 + 1 + 1 + 2 + 7
    assert all(each["seconds"][0] > 0 for each in gate.of("times"))
    assert [message["kind"] for message in gate.messages][-1] == "finished"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("benchmark.pedantic(len, setup=lambda: None, iterations=2)", "ValueError"),
        ("benchmark.pedantic(len, rounds=0)", "ValueError"),
        ("benchmark.pedantic(len, args=([],), rounds=3, setup=lambda: (([],), {}))", "TypeError"),
        ("(benchmark(int), benchmark(int))", "FixtureAlreadyUsed"),
        ("benchmark(1 .__truediv__)", "TypeError"),
        ("benchmark.pedantic(int, rounds=4, teardown=lambda: 1 / 0)", "ZeroDivisionError"),
    ],
)
def test_a_wrong_use_fails_as_it_does_without_the_gate(step: Step, call: str, error: str) -> None:
    gate = step(
        f"def test_wrong(benchmark):\n    {call}\n\ndef test_right(benchmark):\n    benchmark(int)\n"
    )
    outcome, reason = gate.outcomes["test_wrong"]
    assert outcome == "failed"
    assert error in reason
    assert gate.outcomes["test_right"] == ("passed", "")


OBSTACLES = """
    [pytest]
    addopts = --benchmark-disable -n 2 --cov=x --cov-report term -x --strict-markers
        --benchmark-json=out.json --benchmark-compare-fail=mean:5% --benchmark-skip
"""


def test_a_configuration_that_obstructs_measuring_has_no_effect(
    step: Step, pytester: pytest.Pytester
) -> None:
    pytester.makeini(OBSTACLES)
    gate = step("def test_x(benchmark):\n    benchmark(int)\n")
    assert gate.outcomes == {"test_x": ("passed", "")}
    assert gate.of("times")
    assert not (pytester.path / "out.json").exists()


def test_skips_and_failures_have_their_reasons(step: Step) -> None:
    gate = step(
        """
        import pytest

        @pytest.mark.skipif(True, reason="not today")
        def test_marked(benchmark):
            benchmark(int)

        def test_skips(benchmark):
            pytest.skip("never")

        @pytest.mark.xfail(reason="known")
        def test_expected(benchmark):
            raise ValueError

        def test_message(benchmark):
            assert 1 == 2, "expected two\\nin two lines"

        def test_chained(benchmark):
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise KeyError("no such row") from error

        @pytest.fixture
        def breaks():
            yield
            raise OSError("the server is gone")

        def test_teardown(benchmark, breaks):
            benchmark(int)
        """
    )
    assert gate.outcomes == {
        "test_marked": ("skipped", "not today"),
        "test_skips": ("skipped", "never"),
        "test_expected": ("skipped", "known"),
        "test_message": ("failed", "AssertionError: expected two"),
        "test_chained": ("failed", "KeyError: 'no such row'"),
        "test_teardown": ("failed", "OSError: the server is gone"),
    }


def test_files_that_do_not_collect_are_reported(step: Step, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_other="import elsewhere\n", test_syntax="def (:\n")
    [collected] = step("def test_x(benchmark):\n    benchmark(int)\n").of("collected")
    assert collected["broken"] == [
        "test_other.py: ModuleNotFoundError: No module named 'elsewhere'",
        "test_syntax.py: SyntaxError: invalid syntax",
    ]


def test_a_time_is_that_of_one_iteration(step: Step) -> None:
    gate = step(
        """
        import itertools
        import pytest

        now = itertools.count()

        @pytest.mark.benchmark(timer=lambda: float(next(now)))
        def test_x(benchmark):
            benchmark.pedantic(int, rounds=2, iterations=4)
        """
    )
    assert [each["iterations"] for each in gate.of("calibrated")] == [4]
    assert [each["seconds"] for each in gate.of("times")] == [[0.25], [0.25]]


def test_a_row_is_slowed_down_by_a_share_of_its_time(step: Step) -> None:
    gate = Gate()
    gate.slower = {"test_x.py::test_x": 9.0}
    step(
        """
        def test_x(benchmark):
            benchmark.pedantic(sum, (range(10_000),), rounds=3)

        def test_y(benchmark):
            benchmark.pedantic(sum, (range(10_000),), rounds=3)
        """,
        gate=gate,
    )
    slow, fast = gate.of("times")[:3], gate.of("times")[3:]
    assert all(each["seconds"][0] >= 10 * each["bare"] for each in slow)
    assert not any("bare" in each for each in fast)


IN_LOOP = """
    import asyncio
    import pytest

    async def coroutine(answer=3):
        await asyncio.sleep(0)
        return answer

    async def test_calibrated(aio_benchmark):
        assert await aio_benchmark(coroutine) == 3

    async def test_given(aio_benchmark):
        beside = asyncio.create_task(asyncio.sleep(0))
        made = []

        def setup():
            made.append(1)
            return (4,), {}

        assert await aio_benchmark.pedantic(coroutine, setup=setup, rounds=5) == 4
        assert len(made) >= 5
        await beside
"""


def test_coroutines_are_stepped_and_slowed_down_inside_their_loop(
    step: Step, pytester: pytest.Pytester
) -> None:
    pytester.makeini("[pytest]\nasyncio_mode = auto\n")
    gate = Gate()
    gate.slower = {"test_x.py::test_calibrated": 9.0}
    step(IN_LOOP, gate=gate)
    assert gate.outcomes == {"test_calibrated": ("passed", ""), "test_given": ("passed", "")}
    times = gate.of("times")
    assert len(times) == 3 + 5
    assert all(each["bare"] > 0 for each in times[:3])


def test_a_row_is_described_by_its_model_its_group_and_its_mark(step: Step) -> None:
    gate = step(
        """
        import pytest

        @pytest.mark.gate(threshold=0.2)
        @pytest.mark.parametrize("workers", [1])
        @pytest.mark.parametrize("case", ["few"])
        @pytest.mark.parametrize("model", ["threaded"])
        def test_work(benchmark, model, case, workers):
            pass

        @pytest.mark.gate(threshold=object())
        def test_plain(benchmark):
            pass
        """,
        "--strict-markers",
    )
    work, plain = gate.of("collected")[0]["rows"]
    assert work == {
        "id": "test_x.py::test_work[threaded-few-1]",
        "model": "threaded",
        "group": "test_x.py::test_work case=few",
        "gate": True,
        "threshold": 0.2,
    }
    assert (plain["model"], plain["group"]) == ("test_plain", "test_x.py")
    assert plain["threshold"].startswith("<object object")


def test_modules_from_elsewhere_are_reported(
    step: Step, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("toy_of_a_name", "toy_of_a_folder"):
        (elsewhere / f"{name}.py").touch()
    monkeypatch.syspath_prepend(elsewhere)
    gate = step(
        "import toy_of_a_name, toy_of_a_folder\n\ndef test_x(benchmark):\n    benchmark(int)\n",
        own=[str(pytester.path)],
        others=[str(elsewhere)],
        names=["toy_of_a_name"],
    )
    for message in (*gate.of("collected"), *gate.of("finished")):
        assert message["own"] >= 1
        assert {"toy_of_a_name", "toy_of_a_folder"} <= message["foreign"].keys()
        assert not {"json", "pytest"} & message["foreign"].keys()
    for name in ("toy_of_a_name", "toy_of_a_folder"):
        sys.modules.pop(name, None)


BATCH = """
    def test_not_a_benchmark():
        pass

    def test_a(benchmark):
        benchmark(int)

    def test_b(benchmark):
        benchmark(int)

    def test_c(benchmark):
        raise ValueError("wrong")
"""


def test_a_batch_runs_the_chosen_rows_in_their_order(batch: Batch) -> None:
    messages = batch(BATCH, ["test_x.py::test_c", "test_x.py::test_a", "test_x.py::gone"])
    _, collected, *outcomes = messages
    assert [row["id"] for row in collected["rows"]] == ["test_x.py::test_c", "test_x.py::test_a"]
    assert [(each["row"], each["outcome"], each["reason"]) for each in outcomes] == [
        ("test_x.py::test_c", "failed", "ValueError: wrong"),
        ("test_x.py::test_a", "passed", ""),
    ]
    assert all(each["seconds"] > 0 for each in outcomes)


@pytest.mark.parametrize(
    ("arguments", "storage"),
    [
        ([], "configured"),
        (["--benchmark-storage=file://./given"], "given"),
    ],
)
def test_a_batch_reports_its_root_and_where_it_would_save(
    batch: Batch, pytester: pytest.Pytester, arguments: list[str], storage: str
) -> None:
    pytester.makeini("[pytest]\naddopts = --benchmark-storage=file://configured -n 2\n")
    messages = batch(BATCH, None, "--collect-only", *arguments)
    folder = str(pytester.path / storage)
    assert messages[0] == {"kind": "started", "root": str(pytester.path), "storage": folder}
    assert [row["model"] for row in messages[1]["rows"]] == ["test_a", "test_b", "test_c"]
    assert len(messages) == 2
