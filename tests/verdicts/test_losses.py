"""Where a row's time goes, part by part."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from concurbench.results.row import Row
from concurbench.verdicts.losses import Loss, losses, rest
from tests.verdicts.fakes import row

PARTS = {"client": 0.3, "server": 0.1}
"""Part -> the true seconds of a round that takes 1 s."""


def lossy(parts: Mapping[str, float] = PARTS, *, passes: int = 5, turns: int = 4, seed: int = 2) -> Row:
    """A row on a machine whose speed drifts."""
    chance = random.Random(seed)
    whole, without = [], []
    for _ in range(passes):
        speeds = [math.exp(chance.gauss(0, 0.3)) for _ in range(turns)]
        whole.append([speed * chance.gauss(1, 0.01) for speed in speeds])
        without.append(
            {
                part: tuple(speed * (1 - seconds) * chance.gauss(1, 0.01) for speed in speeds)
                for part, seconds in parts.items()
            }
        )
    found = row("model", whole, [1] * turns)
    by_pass = zip(found.by_pass, without, strict=True)
    return replace(found, by_pass=tuple(replace(each, without=parts) for each, parts in by_pass))


def by_part(found: Row) -> dict[str, Loss]:
    return {each.part: each for each in losses(found)}


def test_a_loss_is_what_is_saved_without_a_part_whatever_the_machine_does() -> None:
    found = lossy()
    for part, share in PARTS.items():
        loss, true = by_part(found)[part], share * found.median
        assert loss.low < true < loss.high
        assert loss.high - loss.low < 0.1 * found.median  # the machine alone varies by 30 %


def test_the_intervals_hold_as_often_as_they_claim() -> None:
    held = [
        loss.low <= PARTS[part] * found.median <= loss.high
        for found in (lossy(seed=seed) for seed in range(100))
        for part, loss in by_part(found).items()
    ]
    assert sum(held) >= 0.92 * len(held)


def test_the_rest_is_what_no_part_accounts_for_and_negative_if_parts_overlap() -> None:
    one, both = lossy({"client": 0.3}), lossy({"client": 0.6, "server": 0.6})
    assert rest(one, losses(one)) is None
    assert (
        rest(replace(one, limit=one.median * 0.5), losses(one)) or 0.0
    ) / one.median == pytest.approx(0.2, abs=0.03)
    assert (rest(replace(both, limit=both.median * 0.5), losses(both)) or 0.0) < 0


def test_a_part_that_the_model_lacks_has_no_loss_and_one_pass_says_nothing_of_its_error() -> None:
    assert losses(row("model", [[1.0]] * 3)) == []
    [loss] = losses(lossy({"client": 0.3}, passes=1, turns=1))
    assert (loss.low, loss.high) == (-math.inf, math.inf)
