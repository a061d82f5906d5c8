"""When a row is slower, faster, unchanged or not shown: made-up noise and known numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from scipy import stats

from concurbench.gate import decision
from concurbench.gate.decision import RULES, Judgement, Rules, Stage, Verdict, judge

ROWS = [f"row{number}" for number in range(8)]
THRESHOLD = 0.05
SUITES = 300

Noise = Callable[[random.Random], Iterator[dict[str, float]]]
"""Yields blocks: row -> log-ratio."""


def bimodal(chance: random.Random) -> Iterator[dict[str, float]]:
    """Each row of each process is in one of two modes, 6 % apart."""
    while True:
        yield {
            row: chance.gauss(0, 0.01) + 0.03 * (chance.choice((-1, 1)) + chance.choice((-1, 1))) / 2
            for row in ROWS
        }


def correlated(chance: random.Random) -> Iterator[dict[str, float]]:
    """A disturbance affects all rows of a block in the same direction."""
    while True:
        common = chance.gauss(0, 0.03)
        yield {row: common + chance.gauss(0, 0.01) for row in ROWS}


def drifting(chance: random.Random) -> Iterator[dict[str, float]]:
    """Half of a disturbance carries over to the next block."""
    state = dict.fromkeys(ROWS, 0.0)
    while True:
        state = {row: 0.5 * state[row] + chance.gauss(0, 0.03) for row in ROWS}
        yield dict(state)


def with_outliers(chance: random.Random) -> Iterator[dict[str, float]]:
    """One block in ten is far off."""
    while True:
        yield {row: chance.gauss(0, 0.15 if chance.random() < 0.1 else 0.02) for row in ROWS}


def biased(chance: random.Random) -> Iterator[dict[str, float]]:
    """Each row has a bias for the whole gate."""
    bias = {row: chance.gauss(0, 0.01) for row in ROWS}
    while True:
        yield {row: bias[row] + chance.gauss(0, 0.03) for row in ROWS}


NOISES = [bimodal, correlated, drifting, with_outliers, biased]


def gate(
    noise: Noise, seed: int, slower: Mapping[str, float] | None = None, threshold: float = THRESHOLD
) -> dict[str, Judgement]:
    blocks = noise(random.Random(seed))
    shift = {row: math.log1p(share) for row, share in (slower or {}).items()}

    def take(_: Stage, rows: Sequence[str]) -> dict[str, float]:
        block = next(blocks)
        return {row: block[row] + shift.get(row, 0.0) for row in rows}

    return judge(dict.fromkeys(ROWS, threshold), take)


def slower(judgements: Mapping[str, Judgement]) -> list[str]:
    return [row for row, each in judgements.items() if each.verdict is Verdict.SLOWER]


@pytest.mark.parametrize("noise", NOISES)
def test_at_most_one_suite_of_identical_code_in_a_hundred_is_slower(noise: Noise) -> None:
    red = sum(bool(slower(gate(noise, seed))) for seed in range(SUITES))
    assert red <= SUITES / 100


@pytest.mark.parametrize("noise", [bimodal, correlated, drifting, biased])
def test_ten_percent_is_found_in_95_of_100_suites(noise: Noise) -> None:
    found = sum(slower(gate(noise, seed, {"row3": 0.10})) == ["row3"] for seed in range(SUITES))
    assert found >= 0.95 * SUITES


def test_a_slow_down_of_the_size_of_the_threshold_is_found_half_the_time_at_best() -> None:
    found = sum(bool(slower(gate(bimodal, seed, {"row3": 0.05}))) for seed in range(100))
    assert found <= 50


def test_a_row_is_judged_by_its_own_threshold() -> None:
    shifts = dict.fromkeys(ROWS, math.log1p(0.10))
    chance = random.Random(1)

    def take(_: Stage, rows: Sequence[str]) -> dict[str, float]:
        return {row: shifts[row] + chance.gauss(0, 0.005) for row in rows}

    found = judge({**dict.fromkeys(ROWS, THRESHOLD), "row5": 0.2}, take)
    assert slower(found) == [row for row in ROWS if row != "row5"]
    assert found["row5"].threshold == 0.2


class Recorder:
    """Measures blocks of given log-ratios, a little apart, and remembers the requests."""

    def __init__(self, ratios: Mapping[str, float | Sequence[float]], spread: float = 0.002) -> None:
        self.ratios = ratios
        self.spread = spread
        self.asked: list[tuple[Stage, tuple[str, ...]]] = []

    def __call__(self, stage: Stage, rows: Sequence[str]) -> dict[str, float] | None:
        self.asked.append((stage, tuple(rows)))
        turn = self.spread if len(self.asked) % 2 else -self.spread
        # A pair of numbers is for the first stage and the confirmation.
        both = {row: self.ratios[row] for row in rows}
        return {
            row: turn + (each if isinstance(each, float) else each[stage is Stage.CONFIRMATION])
            for row, each in both.items()
        }


def test_only_undecided_rows_get_more_blocks() -> None:
    def take(_: Stage, rows: Sequence[str]) -> dict[str, float]:
        asked.append(set(rows))
        return {row: (0.1 if row == "noisy" else 0.002) * (-1) ** len(asked) for row in rows}

    asked: list[set[str]] = []
    found = judge({"quiet": THRESHOLD, "noisy": THRESHOLD}, take)
    assert asked[: RULES.analyses[0]] == [{"quiet", "noisy"}] * RULES.analyses[0]
    assert asked[RULES.analyses[0] :] == [{"noisy"}] * (RULES.analyses[-1] - RULES.analyses[0])
    assert found["noisy"].verdict is Verdict.NOT_SHOWN
    assert (found["quiet"].blocks, found["noisy"].blocks) == (RULES.analyses[0], RULES.analyses[-1])


def test_a_flagged_row_is_measured_again_alone_in_new_blocks() -> None:
    take = Recorder({"same": 0.0, "slow": 0.1})
    found = judge(dict.fromkeys(("same", "slow"), THRESHOLD), take)
    assert take.asked == (
        [(Stage.FIRST, ("same", "slow"))] * RULES.analyses[0]
        + [(Stage.CONFIRMATION, ("slow",))] * RULES.confirmation
    )
    assert (found["same"].blocks, found["slow"].blocks) == (RULES.analyses[0], RULES.confirmation)


@pytest.mark.parametrize(
    ("ratio", "verdict", "flagged"),
    [
        (0.0, Verdict.UNCHANGED, False),
        (0.03, Verdict.UNCHANGED, False),  # significantly slower, by less than matters
        (0.1, Verdict.SLOWER, True),
        ((0.1, 0.0), Verdict.UNCHANGED, True),  # not slower again
        ((0.1, 0.04), Verdict.UNCHANGED, True),  # slower again by less than the threshold
        (-0.1, Verdict.FASTER, False),  # needs no confirmation
    ],
)
def test_a_verdict_takes_a_difference_beyond_the_threshold_and_slower_a_confirmation(
    ratio: float | tuple[float, float], verdict: Verdict, flagged: bool
) -> None:
    found = judge({"row": THRESHOLD}, Recorder({"row": ratio}))["row"]
    assert (found.verdict, found.flagged) == (verdict, flagged)


def test_the_interval_is_students_at_the_level_of_one_interim_analysis() -> None:
    ratios = [0.01, -0.02, 0.015, 0.0, -0.01, 0.02]
    blocks = iter(ratios)
    rules = Rules(analyses=(6, 7), trimmed=0.0)
    found = judge({"row": THRESHOLD}, lambda *_: {"row": next(blocks)}, rules)["row"]
    interval = stats.t.interval(0.975, 5, sum(ratios) / 6, stats.sem(ratios))
    assert (math.log(found.low), math.log(found.high)) == pytest.approx(interval)
    assert math.log(found.ratio) == pytest.approx(sum(ratios) / 6)


OUTLIERS = (0.06, 0.09, 0.07, -0.35, 0.08, 0.1, 0.07, 0.09, 0.08, 0.4)
RECORDED = (
    -0.0071, -0.0314, 0.0117, 0.015, 0.0019, -0.027, -0.0929, 0.0034, 0.1533, 0.0024, 0.0319, 0.017,
    -0.0474, -0.0446, -0.0, 0.1848, 0.0066, -0.0057, -0.0823, 0.0025, -0.1059, 0.0015, -0.0184, 0.0115,
)  # fmt: skip
"""Log-ratios of 24 blocks of identical code, recorded on a virtual machine."""


@pytest.mark.parametrize("ratios", [OUTLIERS, RECORDED])
def test_a_sample_is_trimmed_as_in_scipys_mean_and_yuens_test(ratios: Sequence[float]) -> None:
    sample = decision._Sample(ratios, trimmed=0.2)
    yuen = stats.ttest_ind(ratios, [0.0] * len(ratios), equal_var=False, trim=0.2)
    assert sample.mean == pytest.approx(stats.trim_mean(ratios, 0.2), rel=1e-12)
    assert sample.mean / sample.standard_error == pytest.approx(yuen.statistic, rel=1e-12)
    assert sample.p_value(+1 if sample.mean > 0 else -1) == pytest.approx(yuen.pvalue / 2)
    margin = sample.margin(0.975)
    interval = (sample.mean - margin, sample.mean + margin)
    assert interval == pytest.approx(tuple(yuen.confidence_interval(0.95)))


def test_scipys_own_standard_error_has_another_divisor() -> None:
    larger = stats.mstats.trimmed_stde(RECORDED, (0.2, 0.2))
    error = decision._Sample(RECORDED, trimmed=0.2).standard_error
    assert larger / error == pytest.approx(1.099, abs=0.001)


def test_more_rows_need_more_evidence_by_holms_correction() -> None:
    # Significant at the level of one analysis for a single row, not for one of fifty.
    ratios = [0.04, 0.12, 0.02, 0.13, 0.05, 0.11, 0.03, 0.12]
    p_value = decision._Sample(ratios, RULES.trimmed).p_value(+1)
    error = RULES.error_rate / len(RULES.analyses)
    assert error / 50 < p_value < error

    def flagged(rows: int) -> bool:
        blocks = iter(ratios)

        def take(stage: Stage, active: Sequence[str]) -> dict[str, float] | None:
            if stage is Stage.CONFIRMATION:
                return None
            ratio = next(blocks, None)
            if ratio is None:
                return None
            return {row: ratio if row == "row0" else 0.001 * ratio for row in active}

        return judge({f"row{n}": THRESHOLD for n in range(rows)}, take)["row0"].flagged

    # A flagged row stays flagged if its confirmation has no time.
    assert flagged(1)
    assert not flagged(50)


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_with_too_few_blocks_nothing_is_shown(blocks: int) -> None:
    left = iter([{"row": 0.3}] * blocks)
    found = judge({"row": THRESHOLD}, lambda *_: next(left, None))["row"]
    assert found.verdict is Verdict.NOT_SHOWN
    assert (found.blocks, found.high, found.detectable) == (blocks, math.inf, math.inf)


def test_out_of_time_rows_are_judged_by_the_blocks_so_far() -> None:
    left = iter([{"row": 0.001}, {"row": -0.001}, {"row": 0.0}, {"row": 0.001}])
    found = judge({"row": THRESHOLD}, lambda *_: next(left, None))["row"]
    assert (found.verdict, found.blocks) == (Verdict.UNCHANGED, 4)


@pytest.mark.parametrize("last", [1, RULES.analyses[0], RULES.analyses[0] + 1])
def test_a_row_that_can_no_longer_be_measured_has_no_judgement(last: int) -> None:
    def take(_: Stage, rows: Sequence[str]) -> dict[str, float]:
        taken.append(rows)
        noise = 0.05 * (-1) ** len(taken)  # never decided early
        return {row: noise for row in rows if row == "a" or len(taken) <= last}

    taken: list[Sequence[str]] = []
    assert judge({"a": THRESHOLD, "b": THRESHOLD}, take).keys() == {"a"}


def test_each_slower_row_lowers_the_evidence_that_the_next_one_needs() -> None:
    strong = [0.1, 0.11, 0.1, 0.11, 0.1, 0.11, 0.1, 0.11]
    weak = [0.03, 0.14, 0.01, 0.15, 0.05, 0.12, 0.02, 0.13]
    p_value = decision._Sample(weak, RULES.trimmed).p_value(+1)
    # Significant for one row at an analysis, not for one of two.
    rules = Rules(analyses=(8, 9), error_rate=2 * 1.5 * p_value)

    def flagged(first: Sequence[float]) -> bool:
        blocks = iter(zip(first, weak, strict=True))

        def take(stage: Stage, rows: Sequence[str]) -> dict[str, float] | None:
            block = next(blocks, None)
            return {row: dict(zip("ab", block, strict=True))[row] for row in rows} if block else None

        return judge(dict.fromkeys("ab", THRESHOLD), take, rules)["b"].flagged

    assert flagged(strong)
    assert not flagged([0.0, 0.001] * 4)


def test_a_slow_down_of_the_detectable_size_is_found() -> None:
    # A slow-down of exactly the detectable size, with the same spread.
    chance = random.Random(7)
    detectable = [
        judge({"row": THRESHOLD}, lambda *_: {"row": chance.gauss(0, 0.03)})["row"].detectable
        for _ in range(50)
    ]
    size = math.log1p(sorted(detectable)[25])
    found = sum(
        judge({"row": THRESHOLD}, lambda *_: {"row": size + chance.gauss(0, 0.03)})["row"].flagged
        for _ in range(200)
    )
    assert found >= 0.85 * 200  # the size is itself an estimate from few blocks


def test_blocks_without_any_difference_are_unchanged() -> None:
    found = judge({"row": THRESHOLD}, lambda *_: {"row": 0.0})
    assert found["row"].verdict is Verdict.UNCHANGED


def test_identical_code_stays_below_the_noise_floor_99_times_of_100() -> None:
    chance = random.Random(3)
    floor = decision.noise_floor([chance.gauss(0, 0.05) for _ in range(200)])
    means = [
        sum(chance.gauss(0, 0.05) for _ in range(RULES.analyses[-1])) / RULES.analyses[-1]
        for _ in range(2000)
    ]
    above = sum(mean > math.log1p(floor) for mean in means)
    assert 0.002 <= above / 2000 <= 0.03


def test_noise_small_changes_and_many_rows_need_more_blocks() -> None:
    needed = decision.blocks_needed(0.04, 0.10, 0.05, rows=8)
    assert needed is not None
    for more in (
        decision.blocks_needed(0.08, 0.10, 0.05, rows=8),
        decision.blocks_needed(0.04, 0.07, 0.05, rows=8),
        decision.blocks_needed(0.04, 0.10, 0.05, rows=800),
    ):
        assert more is not None
        assert more > needed


def test_no_number_of_blocks_finds_a_change_below_the_threshold() -> None:
    assert decision.blocks_needed(0.01, 0.05, 0.05, rows=1) is None
