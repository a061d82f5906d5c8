"""The fork server of a row, which otherwise lives as long as the process that started it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def end_fork_server() -> None:
    """End the fork server, if there is one, and wait for it.

    The next row must not find its imported modules. The CPU time of a child counts as its parent's only
    after the parent has waited for it.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # it has no public way to end
        forkserver.set_forkserver_preload([])


@contextmanager
def own_fork_server(
    kept: dict[str, Any], at_end: Callable[[Callable[[], None]], object]
) -> Iterator[None]:
    """Within this block, the fork server is the row's own: the one in ``kept``, or a new one.

    It goes on between the visits of a row that takes turns with others; ``at_end`` takes a function to
    call after the last one.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        yield
        return
    from multiprocessing import forkserver

    # The module's functions are methods of one object, so its state is exchanged.
    state: dict[str, Any] = vars(forkserver._forkserver)

    def exchange(other: dict[str, Any]) -> dict[str, Any]:
        before = dict(state)
        state.clear()
        state.update(other)
        return before

    def end() -> None:
        before = exchange(kept["fork server"])
        end_fork_server()
        exchange(before)

    if "fork server" not in kept:
        kept["fork server"] = vars(forkserver.ForkServer())
        at_end(end)
    before = exchange(kept["fork server"])
    try:
        yield
    finally:
        kept["fork server"] = exchange(before)
