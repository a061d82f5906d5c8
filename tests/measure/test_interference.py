"""What is kept of what went on around each row of a session."""

from __future__ import annotations

import multiprocessing

from concurbench.measure.load import Share, disturbance
from concurbench.results.drift import TITLES
from tests.conftest import Suite

DISTURBING = """
    import itertools

    from concurbench import surroundings
    from concurbench.load import Share

    class Load:
        numbers = itertools.count()

        @classmethod
        def now(cls):
            return cls()

        def until(self, after):
            return Share(steal=0.25, others=0.5 if next(self.numbers) == 1 else 0.0)

    surroundings.Load = Load
    """


def test_a_run_has_the_yardsticks_and_each_row_what_others_had_meanwhile(suite: Suite) -> None:
    result = suite.run()
    run = suite.load("0001_*")
    [readings] = run["concurbench"]["yardsticks"]
    assert set(readings) <= set(TITLES)
    assert len(readings["python_loop"]) == 1 + len(run["benchmarks"])
    started = [name for name in readings if name.startswith("process_start_")]
    assert len(started) == len(multiprocessing.get_all_start_methods())
    for row in run["benchmarks"]:
        assert row["extra_info"]["around"].keys() == {"steal", "others", "speed"}
        assert row["extra_info"]["around"]["speed"] > 0
        around = row["extra_info"]["around"]
        seen = disturbance(Share(around["steal"], around["others"]))
        assert row["extra_info"]["disturbed"] == seen
    assert "could not be read" not in result.stdout.str()


def test_a_disturbed_row_is_marked_with_what_disturbed_it(suite: Suite) -> None:
    suite.write("disturbing.py", DISTURBING)
    result = suite.run("-p", "disturbing")
    assert "! disturbed: " in result.stdout.str()
    told = [row["extra_info"]["disturbed"] for row in suite.load("0001_*")["benchmarks"]]
    assert sorted(told) == ["steal 25%"] * 3 + ["steal 25%, others used 50% of the CPU"]


def test_the_capacity_of_a_row_is_that_of_its_workers_and_of_no_more_than_it_has_work_for(
    suite: Suite,
) -> None:
    suite.write(
        "asked.py",
        """
        from pathlib import Path

        from concurbench.measure import capacity

        def measure(workers):
            with Path("asked.log").open("a") as file:
                file.write(f"{workers} ")
            return 1.0

        capacity.measure = measure
        """,
    )
    suite.run("-p", "asked", "--models=threaded", "--cases=few", "--workers=2,64")
    assert (suite.path / "asked.log").read_text().split() == ["2", "2", "3", "3"]


def test_nothing_is_read_where_nothing_is_measured(suite: Suite) -> None:
    suite.write("disturbing.py", DISTURBING)
    assert "disturbed" not in suite.run("-p", "disturbing", "--benchmark-disable").stdout.str()
