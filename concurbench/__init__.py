"""Measure, keep and show benchmarks: for any suite built on pytest-benchmark.

The names in ``__all__`` are public: ``read(path)`` returns a saved ``Run`` with its ``Row``s, and
``version`` is this package's. Everything else may change. This package knows no workload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Row", "Run", "read", "version"]

if TYPE_CHECKING:
    from concurbench.results.row import Row
    from concurbench.results.runs import Run, read

    version: str
else:

    def __getattr__(name: str) -> Any:
        # Imported on first use: pytest loads concurbench.aio, and so this file, in every project.
        if name == "version":
            from importlib import metadata

            return metadata.version(__name__)
        if name in __all__:
            from concurbench.results import row, runs

            return getattr(row if name == "Row" else runs, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
