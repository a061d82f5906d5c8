"""A Ray cluster on this machine: one node, whose processes and files are gone when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import click

from servers import LOOPBACK
from servers.cluster import ClusterProcess, ended_by_signal
from servers.guard import guarding

OBJECT_STORE = 200 * 2**20
"""Bytes of memory for objects that are too large for a message. Only what is used is allocated."""

ENVIRON = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Only this machine reaches it. With a token, each client would need the token's file, too.
    "RAY_AUTH_MODE": "disabled",
    # Otherwise Ray replaces the loopback address by one that other machines reach.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""What must be in the environment of the cluster's processes."""

LOOPBACK_NAME = "LOCALHOST"
"""The host of its address. Clients would replace 127.0.0.1 and localhost, as Ray does above. They do
not know the name in capitals, and the system does."""

MAX_SOCKET = 107 if sys.platform == "linux" else 103
"""Bytes that the name of a socket may have."""

MAX_FOLDER = MAX_SOCKET - len("/session_2026-01-01_00-00-00_000000_12345678/sockets/plasma_store")
"""Bytes that the name of its folder may have."""

READY = "ray_current_cluster"
"""The file in its folder with its address, once all processes run."""

PAUSE = 0.05
"""Seconds between two looks for that file."""


class Cluster(ClusterProcess):
    """A node that runs ``workers`` tasks at once."""

    title: ClassVar[str] = "Ray cluster"
    module: ClassVar[str] = "servers.ray_cluster"
    start_timeout: ClassVar[float] = 120.0  # six processes, most of which import Ray first

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.python = sys.executable

    @classmethod
    def fitting(cls, workers: int, cores: int) -> Self:
        """A cluster with a worker process for each task."""
        return cls(workers)

    def arguments(self) -> Sequence[str]:
        return ["--workers", str(self.workers)]


def parent_of_folder(temporary: str) -> str:
    """The folder for the cluster's own: ``temporary``, or one with a shorter name."""
    return temporary if len(os.fsencode(temporary)) + len("/ray12345678") <= MAX_FOLDER else "/tmp"


def command(folder: Path, workers: int) -> list[str]:
    """The command that runs a node with its files in ``folder``, until it is killed."""
    return [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        *(f"--node-ip-address={LOOPBACK}", "--port=0", f"--temp-dir={folder}"),
        *(f"--num-cpus={workers}", f"--object-store-memory={OBJECT_STORE}"),
        # No more processes than tasks need, and ports that are free.
        *("--disable-usage-stats", "--include-dashboard=false", "--include-log-monitor=false"),
        *("--no-monitor", "--dashboard-agent-listen-port=0"),
        *("--min-worker-port=0", "--max-worker-port=0"),
    ]


@click.command()
@click.option("--workers", type=click.IntRange(1), required=True, help="Tasks that run at once.")
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(workers: int, parent: int | None) -> None:
    """Run a Ray cluster on this machine until a signal; print its address when ready."""
    ended = ended_by_signal(parent)
    folder = Path(tempfile.mkdtemp(prefix="ray", dir=parent_of_folder(tempfile.gettempdir())))
    with guarding(folder) as guard:
        # Its processes stay in its session.
        node = subprocess.Popen(
            command(folder, workers), env={**os.environ, **ENVIRON}, stdin=subprocess.DEVNULL,
            stdout=sys.stderr, start_new_session=True,
        )  # fmt: skip
        print(node.pid, file=guard.stdin)
        while not (address := _address(folder)) and not ended.wait(PAUSE):
            if node.poll() is not None:
                sys.exit(node.returncode)
        if address:
            click.echo(address)
            ended.wait()


def _address(folder: Path) -> str | None:
    try:
        _, _, port = (folder / READY).read_text(encoding="ascii").rpartition(":")
    except FileNotFoundError:
        return None
    return f"{LOOPBACK_NAME}:{port}" if port else None


if __name__ == "__main__":
    main()
