"""Fixtures of several workloads."""

from __future__ import annotations

import contextlib
from importlib import import_module

import pytest


@pytest.fixture
def no_idle_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """trio's idle threads end at once, instead of after ten seconds."""
    with contextlib.suppress(ImportError):
        monkeypatch.setattr(import_module("trio._core._thread_cache"), "IDLE_TIMEOUT", 0.01)
