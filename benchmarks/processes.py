"""The end of a row's fork server, which otherwise lives as long as the process that started it."""

from __future__ import annotations

import multiprocessing


def end_fork_server() -> None:
    """End the fork server, if there is one, and wait for it.

    The next row must not find its imported modules. The CPU time of a child counts as its parent's only
    after the parent has waited for it.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # it has no public way to end
        forkserver.set_forkserver_preload([])
