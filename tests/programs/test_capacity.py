"""``python -m programs.capacity``: the most requests a second of each flag server."""

from __future__ import annotations

import pytest

from servers import capacity
from tests.programs.conftest import Run


def test_each_server_has_its_rate_and_the_mock_one_for_each_client(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = iter([100.0, 300.0, 200.0, 400.0, 500.0])
    monkeypatch.setattr(capacity, "of_local", lambda server, path: next(rates))
    monkeypatch.setattr("programs.capacity.PROTOCOLS", ("http",))
    monkeypatch.setattr(capacity, "of_mock", lambda url: {"httpx": 2000.0})
    result = run("capacity")
    assert result.exit_code == 0, result.output
    _, local, mock = (line.split() for line in result.stdout.splitlines())
    assert local == ["local,", "http", "300", "(100", "–", "500)"]
    assert mock == ["mock,", "httpx", "2,000", "(2,000", "–", "2,000)"]
