"""The matrix of rows: each selected model in each selected case, with each server."""

from __future__ import annotations

import itertools
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
    wanted = {"all"} if every else {*option.models}
    cases = import_module(f"impls.{workload}").CASES
    smallest = next(iter(cases))
    for server, case, model in itertools.product(servers, cases, impls.models(workload)):
        # The words in the options that select this model, and this case.
        model_words = {model.name, "all"} | ({"default"} if model.is_default(case) else set())
        only_with = getattr(cases[case], "servers", None)
        case_words = {case}
        if server is None or only_with is None or server in only_with:
            case_words |= {"all"} | ({"smallest"} if case == smallest else set())
        selected = model_words & wanted and case_words & {*option.cases}
        possible = (model.servers, getattr(cases[case], "possible_servers", None))
        can_talk = server is None or all(each is None or server in each for each in possible)
        if selected and can_talk and model.has(case):
            counts = option.workers or [cases[case].workers or machine.usable_cores()]
            for workers in counts if model.workers is None else [model.workers]:
                yield Cell(model.name, server, case, workers)
