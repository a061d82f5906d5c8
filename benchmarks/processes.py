"""The fork server of a row: it lives as long as the process that asked for it, unless it is ended."""

from __future__ import annotations

import multiprocessing


def end_fork_server() -> None:
    """End it and wait for it: what it has imported is for no other row, and the CPU time of processes
    counts as their parent's only when somebody has waited for them."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # it has no public way to end
        forkserver.set_forkserver_preload([])
