"""The decorator for functions whose calls a program can trace, to show which calls run when.

A workload decorates the functions that its models call: ``@traced("number")``. In a benchmark the
environment names no tracer, and the decorator returns the function itself. If ``IMPLS_TRACER`` names a
module, the decorator returns ``trace(function, item)`` of that module. This holds in every process of a
model, whatever its start method.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

ENV_TRACER = "IMPLS_TRACER"
"""The environment variable with the name of the tracing module."""

F = TypeVar("F", bound=Callable[..., Any])


def traced(item: str | None = None) -> Callable[[F], F]:
    """A decorator; ``item`` is the parameter that identifies a call."""

    def decorate(function: F) -> F:
        name = os.environ.get(ENV_TRACER)
        if name is None:
            return function
        tracing: F = importlib.import_module(name).trace(function, item)
        return tracing

    return decorate
