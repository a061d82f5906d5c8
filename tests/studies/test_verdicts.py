"""The verdict study, with runs that were made up, so that the truth about them is known."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from concurbench.errors import ConcurbenchError
from concurbench.report.progress import StatusLine
from concurbench.results.row import Row
from concurbench.results.runs import OURS, Run, WorkloadInfo
from concurbench.runner.child import ChildResult
from concurbench.runner.measured import Measured
from concurbench.verdicts.choice import LEVEL, Choice, choices
from studies.verdicts import __main__ as command
from studies.verdicts import chosen, figures, measure, study
from studies.verdicts.figures import Count, Errors
from studies.verdicts.rules import RULES, Said, in_pairs, smallest_mean, spreads_overlap
from studies.verdicts.truth import Observed, Truth, observed, pooled
from tests import fakes
from tests.fakes import result
from tests.verdicts.fakes import drawn, row

STALLS: WorkloadInfo = {"criterion": "gap", "bound": 0.01}


def run(rows: Sequence[Row], workload: WorkloadInfo | None = None) -> Run:
    return Run(Path("run"), {}, True, tuple(rows), workloads={"work": workload or {}})


def runs(models: Mapping[str, float], number: int = 4, **noise: float) -> list[Run]:
    return [run(drawn(models, seed=seed, **noise)) for seed in range(number)]  # type: ignore[arg-type]  # floats


def id_of(model: str) -> str:
    return row(model, [[1.0]]).id


def choice(run: Run) -> Choice:
    return choices(run)["group"]


def seen(run: Run) -> Observed:
    return observed(choice(run), run.workloads["work"])


def truth(**behind: float) -> Truth:
    """The truth about models with these ratios to the best one."""
    ids = {id_of(model): math.log(ratio) for model, ratio in behind.items()}
    pairs = itertools.permutations(ids, 2)
    return Truth([*ids], {(one, other): ids[one] - ids[other] for one, other in pairs})


def test_the_truth_about_a_group_is_the_median_of_what_the_runs_say() -> None:
    found = pooled([seen(each) for each in runs({"a": 1.5, "b": 1.0, "c": 2.0}, 15)])
    assert found.best == id_of("b")
    assert math.exp(found.behind(id_of("a"))) == pytest.approx(1.5, rel=0.02)
    assert math.exp(found.gap) == pytest.approx(1.5, rel=0.02)


def test_a_run_is_not_judged_by_itself() -> None:
    [usual] = runs({"a": 1.0, "b": 2.0}, 1)
    odd = run(drawn({"a": 2.0, "b": 1.0}))
    of_odd = figures.judged([usual, odd])[-1]
    assert of_odd.truth.best == id_of("a")
    found = figures.errors(in_pairs, [of_odd])
    assert (found.recommended, found.slower) == (Count(0, 1), Count(1, 1))
    assert found.missed == Count(1, 1)
    assert figures.coverage([of_odd]).groups == figures.coverage([of_odd]).pairs == Count(0, 1)


def test_rows_beyond_the_bound_of_their_workload_lose_to_slower_ones() -> None:
    def stalling(model: str, seconds: float, gap: float) -> Row:
        return row(model, [[seconds]] * 3, metrics={"gap": [[gap]] * 3})

    rows = [stalling("fast", 1.0, 0.5), stalling("good", 2.0, 0.001), stalling("slow", 3.0, 0.001)]
    [each, _] = figures.judged([run(rows, STALLS), run(rows, STALLS)])
    assert each.truth.beyond == {id_of("fast")}
    assert each.truth.best == id_of("good")
    assert figures.errors(in_pairs, [each]).recommended == Count(1, 1)
    assert figures.errors(smallest_mean, [each]).recommended == Count(0, 1)
    assert figures.coverage([each]).groups == Count(1, 1)


def test_where_all_rows_exceed_the_bound_the_metric_decides() -> None:
    rows = [
        row(model, [[1.0]] * 3, metrics={"gap": [[gap]] * 3}) for model, gap in (("a", 0.5), ("b", 0.1))
    ]
    found = pooled([seen(run(rows, STALLS))])
    assert (found.best, found.beyond) == (id_of("b"), frozenset())
    assert math.exp(found.gap) == pytest.approx(5.0)


def test_each_error_of_a_verdict_is_counted() -> None:
    known = truth(best=1.0, near=1.04, far=1.2, farther=1.3)
    said = Said(id_of("near"), (id_of("best"), id_of("far")), {id_of("farther"): (1.4, 1.5)})
    assert Errors().plus(said, known) == Errors(
        recommended=Count(1, 1), as_good=Count(1, 2), missed=Count(1, 1), slower=Count(0, 1),
        undecided=Count(0, 1),
    )  # fmt: skip
    wrong = Said(id_of("far"), slower={id_of("best"): None, id_of("farther"): (1.2, 1.5)})
    assert Errors().plus(wrong, known) == Errors(
        recommended=Count(0, 1), missed=Count(0, 1), slower=Count(1, 2), undecided=Count(0, 1)
    )


def test_a_group_without_a_recommendation_counts_as_clear_if_its_second_row_is_far_behind() -> None:
    clear = Errors().plus(Said(None), truth(a=1.0, b=1.2))
    close = Errors().plus(Said(None), truth(a=1.0, b=1.08))
    assert (clear.undecided, clear.undecided_clear) == (Count(1, 1), Count(1, 1))
    assert (close.undecided, close.undecided_clear) == (Count(1, 1), Count())
    assert clear.recommended == Count()


def test_a_slower_row_beyond_the_bound_has_no_ratio_to_miss() -> None:
    known = Truth([id_of("a"), id_of("b")], truth(a=1.0, b=2.0).ratios, frozenset([id_of("fast")]))
    said = Said(id_of("a"), slower={id_of("fast"): (1.1, 1.2), id_of("b"): (1.9, 2.1)})
    found = Errors().plus(said, known)
    assert (found.missed, found.slower) == (Count(0, 1), Count(0, 2))


def test_a_metric_that_should_be_high_has_its_bound_below() -> None:
    rows = [
        row(model, [[1.0]] * 3, metrics={"gap": [[gap]] * 3}, better="higher")
        for model, gap in (("low", 0.001), ("high", 0.5), ("higher", 0.6))
    ]
    assert pooled([seen(run(rows, STALLS))]).beyond == {id_of("low")}


def test_a_count_has_wilsons_interval() -> None:
    assert Count(8, 10).interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Count(0, 10).interval == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_the_rule_of_overlapping_spreads_ties_what_the_rule_in_pairs_tells_apart() -> None:
    [noisy] = runs({"slow": 1.3, "fast": 1.0}, 1, machine=0.5)
    assert in_pairs(choice(noisy)).take == id_of("fast")
    assert [*in_pairs(choice(noisy)).slower] == [id_of("slow")]
    tied = spreads_overlap(choice(noisy))
    assert {tied.take, *tied.as_good} == {id_of("slow"), id_of("fast")}
    [quiet] = runs({"slow": 1.3, "fast": 1.0}, 1, machine=0.01)
    assert spreads_overlap(choice(quiet)) == Said(id_of("fast"), (), {id_of("slow"): None})
    assert smallest_mean(choice(quiet)) == Said(id_of("fast"), (), {id_of("slow"): None})


def test_no_rule_chooses_a_reference_row() -> None:
    rows = [*drawn({"a": 1.0, "b": 2.0}), row("plain", [[0.1] * 5] * 3, [1] * 5, reference=True)]
    for rule in RULES.values():
        said = rule(choice(run(rows)))
        assert said.take == id_of("a")
        assert [*said.slower] == [id_of("b")]


def test_the_intervals_hold_about_as_often_as_they_claim() -> None:
    cases = figures.judged(runs({"a": 1.0, "b": 1.1, "c": 1.2}, 60))
    found = figures.coverage(cases)
    assert found.groups.interval[1] >= LEVEL
    assert found.pairs.interval[1] >= LEVEL


def test_the_constant_is_the_smallest_with_which_intervals_hold_as_often_as_they_claim() -> None:
    calm = figures.judged(runs({"a": 1.0, "b": 1.1, "c": 1.2}, 8, between=0.0))
    wild = figures.judged(runs({"a": 1.0, "b": 1.1, "c": 1.2}, 8, between=0.04))
    found, more = chosen.chosen(calm), chosen.chosen(wild)
    assert found is not None
    assert found[0] == 0.0
    assert more is None or more[0] > 0.0
    assert figures.pairs_held(wild, 0.0).share < figures.pairs_held(wild, 0.5).share
    assert "0 is the smallest tried value" in chosen.sentence(calm)


def content(rows: Sequence[Row], workload: WorkloadInfo | None = None) -> dict[str, Any]:
    """A merged run in pytest-benchmark's format."""
    benchmarks = [
        {
            "fullname": each.id, "group": each.group,
            "extra_info": {
                "model": each.model, "workload": each.workload, "source": "hash",
                "yardstick": "compute",
                "passes": [
                    {"number": one.number, "seconds": one.seconds, "turns": [*one.turns]}
                    | {"metrics": {
                        name: {"unit": "s", "better": "lower", "values": [*values]}
                        for name, values in one.metrics.items()
                    }}
                    for one in each.by_pass
                ],
            },
        }
        for each in rows
    ]  # fmt: skip
    return {"benchmarks": benchmarks, OURS: {"workloads": {"work": workload or {}}}}


def test_what_is_kept_of_a_run_gives_the_same_verdicts() -> None:
    rows = drawn({"a": 1.0, "b": 1.04, "c": 1.5})
    kept = study.expanded(study.compact(content(rows)), 1)
    said, expected = in_pairs(choice(kept)), in_pairs(choice(run(rows)))
    assert (said.take, said.as_good) == (expected.take, expected.as_good)
    assert said.slower[id_of("c")] == pytest.approx(expected.slower[id_of("c")], rel=1e-4)
    assert seen(kept).computes


def test_of_the_metrics_only_the_criterion_is_kept() -> None:
    metrics = {"gap": [[0.1]] * 3, "memory": [[5.0]] * 3}
    rows = [row(model, [[1.0]] * 3, metrics=metrics) for model in "ab"]
    kept = study.expanded(study.compact(content(rows, STALLS)), 1)
    assert [metric.name for metric in kept.rows[0].metrics] == ["gap"]
    assert choice(kept).by == "gap"


class Sessions:
    """Sessions that take no time; the run of a certain number fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: int = 0) -> None:
        ids = {each.id: "group" for each in drawn({"a": 1.0, "b": 1.5})}
        numbers, seeds = itertools.count(1), itertools.count(1)
        self.matrix: Sequence[str] = ()
        self.orders: list[tuple[str, ...]] = []
        """Of the rows that were measured alone."""

        @contextlib.contextmanager
        def measuring(arguments: Sequence[str], _: float) -> Iterator[tuple[None, None]]:
            self.matrix = arguments
            yield None, None

        def measured(_: None, each: Sequence[Measured], passes: None, *__: Any, prefix: str) -> None:
            if next(numbers) == failing:
                each[0].failed["a"] = "a wrong answer"

        def merged(_: object) -> dict[str, Any]:
            return content(drawn({"a": 1.0, "b": 1.5}, seed=next(seeds)))

        def alone(_: None, python: Path, rows: Sequence[str], *__: object) -> dict[str, float]:
            self.orders.append(tuple(rows))
            return dict(zip(sorted(rows), (1.0, 1.4), strict=True))

        monkeypatch.setattr(measure, "measuring", measuring)
        monkeypatch.setattr(
            measure, "collect", lambda *_: ([Measured("", Path("python"), ids)], [], None)
        )
        monkeypatch.setattr(measure, "measure", measured)
        monkeypatch.setattr(measure, "merge", merged)
        monkeypatch.setattr(measure, "alone", alone)
        monkeypatch.setattr(measure, "CONFIRMED", ("test[",))


def study_of(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.main, list(map(str, arguments)))


def test_the_report_has_the_figures_of_each_rule_the_constants_and_the_rows_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(monkeypatch)
    path = tmp_path / "study.jsonl"
    done = study_of("--runs", "6", "--confirm", "8", "--json", path)
    assert done.exit_code == 0, done.output
    assert sessions.matrix == measure.ARGUMENTS
    assert len(sessions.orders) == 8
    assert len(set(sessions.orders)) == 2  # in random order
    lines = done.output.splitlines()
    [recommended] = [line for line in lines if line.startswith("|recommended row within 5%")]
    of_each_rule = "|".join(["100.0% of 3 (44%–100%)"] * 3)
    assert recommended.endswith(f"|{of_each_rule}|")
    waiting, computing = [line for line in lines if line.startswith("|all intervals of a group hold")]
    assert waiting.endswith("|–|–|–|")
    assert computing.endswith("|100.0% of 3 (44%–100%)|–|–|")
    assert "`PROCESS` is 0.15. In the first half of the runs, 0 is the smallest tried" in done.output
    assert lines[-1] == "|group|`a`|`a` (1.00)|6 of 6|"
    assert study_of("--from", path).output == done.stdout


def test_each_complete_run_is_kept_also_if_a_later_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sessions(monkeypatch, failing=3)
    path = tmp_path / "study.jsonl"
    done = study_of("--runs", "4", "--json", path)
    assert done.exit_code == 2
    assert "a wrong answer" in done.output
    assert f"measurements: {path}" in done.output
    early = study_of("--from", path)
    assert early.exit_code == 2
    assert "study.jsonl has fewer than three runs: continue it with --more" in early.output
    Sessions(monkeypatch)
    again = study_of("--runs", "3", "--confirm", "0", "--more", path)
    assert again.exit_code == 0, again.output
    assert "of 1 group, in" in again.output
    other = study_of("--runs", "1", "--more", path, "--", "-k", "primes")
    assert other.exit_code == 2
    assert "cannot be continued: arguments:" in other.output


def test_a_row_alone_has_the_median_of_its_rounds_and_a_skipped_row_none() -> None:
    def answer(_: int, __: str, rows: Sequence[str]) -> ChildResult:
        return result(rows, {fakes.row("a"): 0.25}, skipped={fakes.row("b"): "no such interpreter"})

    sessions: Any = fakes.Suite(answer)
    ids = [fakes.row("b"), fakes.row("a")]
    assert measure.alone(sessions, Path("python"), ids, StatusLine(), "") == {fakes.row("a"): 0.25}
    assert sessions.visits == [("python", ["b"]), ("python", ["a"])]


def test_a_row_that_fails_alone_ends_the_study_with_the_reason() -> None:
    row = fakes.row("a")
    sessions: Any = fakes.Suite(lambda *_: result([row], {}, failed={row: "a wrong answer"}, code=1))
    with pytest.raises(ConcurbenchError, match=r"x\[a\], alone: a wrong answer"):
        measure.alone(sessions, Path("python"), [row], StatusLine(), "")
