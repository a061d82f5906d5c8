"""Functions whose calls somebody may want to watch: a program, to tell and draw what runs when.

A workload marks what its models call: ``@watched("number")``. A benchmark is watched by nobody, and
there the function stays just what it is. Where the environment names a watcher, that module's ``watch``
takes the function's place, in every process of a model anew, however it was started.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

WATCHER = "IMPLS_WATCHER"
"""The environment variable with the name of the module that watches."""

F = TypeVar("F", bound=Callable[..., Any])


def watched(item: str | None = None) -> Callable[[F], F]:
    """A decorator; ``item`` is the parameter that says what a call is about."""

    def mark(function: F) -> F:
        name = os.environ.get(WATCHER)
        if name is None:
            return function
        seen: F = importlib.import_module(name).watch(function, item)
        return seen

    return mark
