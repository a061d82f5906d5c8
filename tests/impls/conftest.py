"""What the tests of several workloads need."""

from __future__ import annotations

import contextlib
from importlib import import_module

import pytest


@pytest.fixture
def no_idle_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """trio keeps a thread for ten seconds: too long for a test to wait."""
    with contextlib.suppress(ImportError):
        monkeypatch.setattr(import_module("trio._core._thread_cache"), "IDLE_TIMEOUT", 0.01)
