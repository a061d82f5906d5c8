"""A comparison without processes (its ratios are given, its time is its own), and the blocks of a
record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from concurbench.gate.block import Kind, Unmeasured
from concurbench.gate.samples import KIND, Block, Quad
from concurbench.results import records


def read_blocks(path: Path) -> list[Block]:
    """The blocks of a record of the gate or of ``calibrate``."""
    _, entries = records.read(path, KIND)
    return [Block.from_json(entry) for entry in entries if "number" in entry]


class FakeComparison:
    """Stands in for ``comparison.Comparison``. A block takes a second a row on its own clock."""

    def __init__(self, ratios: Mapping[str, float], head_folder: Path = Path()) -> None:
        self.ratios = ratios
        self.now = 0.0
        self.rows: tuple[str, ...] = tuple(ratios)
        self.labels = {"base": "main (4f2c1ab)", "head": "working tree"}
        self.thresholds: dict[str, float] = {}
        self.unmeasured: dict[str, Unmeasured] = {}
        self.notes: list[str] = []
        self.head_folder = head_folder
        self.python = "cpython-3.11"
        self.blocks = 0
        self.fails_in: dict[int, str] = {}
        """Block -> the row that fails in it."""
        self.raises_in: dict[int, BaseException] = {}
        """Block -> what ends the comparison after its first row."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def block(
        self, stage: str, rows: Sequence[str], on_row: Callable[[str], None] = lambda _: None
    ) -> Block:
        self.blocks += 1
        quads = {}
        for row in rows:
            if self.fails_in.get(self.blocks) == row:
                self.rows = tuple(each for each in self.rows if each != row)
                self.unmeasured[row] = Unmeasured(Kind.FAILED, "failed: TypeError: x in head")
                continue
            self.now += 1.0
            deviation = 0.001 if self.blocks % 2 else -0.001
            quads[row] = (Quad("AB", (1.0,), (self.ratios[row] + deviation,)),)
            on_row(row)
            if self.blocks in self.raises_in:
                raise self.raises_in[self.blocks]
        return Block(self.blocks, stage, quads)
