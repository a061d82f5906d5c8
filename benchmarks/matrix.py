"""The matrix of rows: each selected model in each selected case, with each server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import impls
from concurbench import machine


class Cell(NamedTuple):
    """The parameters of one row; ``server`` is None if the workload uses none."""

    model: str
    server: str | None
    case: str
    workers: int

    @property
    def id(self) -> str:
        return "-".join([*filter(None, self[:3]), f"w{self.workers:02}"])


def workload_of(module: ModuleType) -> str:
    """The name of the workload that a benchmark file is named after."""
    return module.__name__.rpartition(".")[2].removeprefix("test_")


def matrix(
    workload: str, servers: Iterable[str | None], option: Any, *, every: bool = False
) -> Iterator[Cell]:
    """The cells that the options select; with ``every``, those of all models."""
    wanted = ["all"] if every else option.models
    cases = import_module(f"impls.{workload}").CASES
    smallest = next(iter(cases))
    models = impls.models(workload)
    for server in servers:
        for name, case in cases.items():
            if not _wanted_case(name, smallest, option.cases):
                continue
            for model in models:
                if _wanted_model(model, name, wanted) and _has_row(model, server, name):
                    for workers in _workers(model, case, option.workers):
                        yield Cell(model.name, server, name, workers)


def _wanted_model(model: impls.Model, case: str, asked: list[str]) -> bool:
    return model.name in asked or "all" in asked or ("default" in asked and model.is_default(case))


def _wanted_case(case: str, smallest: str, asked: list[str]) -> bool:
    return case in asked or "all" in asked or ("smallest" in asked and case == smallest)


def _has_row(model: impls.Model, server: str | None, case: str) -> bool:
    can_talk_to = server is None or model.servers is None or server in model.servers
    return can_talk_to and model.has(case)


def _workers(model: impls.Model, case: Any, asked: list[int] | None) -> list[int]:
    if model.workers is not None:
        return [model.workers]
    return asked or [case.workers or machine.usable_cores()]
