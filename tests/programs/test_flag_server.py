"""``python -m programs.flag_server``: what it prints and serves, how it ends, what it refuses."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from click.testing import CliRunner

from impls import flags
from programs.flag_server import main
from servers import files
from servers.faults import KINDS, drawn
from tests.conftest import heed_signals
from tests.programs.conftest import Run


@contextlib.contextmanager
def flag_server(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "programs.flag_server", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,  # works in any folder
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=heed_signals if os.name == "posix" else None,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_prints_its_address_and_behaviour_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    arguments = ("--delay", "0:0.01", "--error-rate", "0.25", "--errors", "timeout,418", "--seed", "3")
    faults = drawn(flags.site(), 0.25, 3, ("timeout", "418"))
    with flag_server(*arguments, folder=tmp_path) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert (
            f"388 files, each after 0 to 0.01 s, {len(faults)} of them fail (timeout, 418); seed 3"
            in line
        )
        url = line.split()[0]
        listening = psutil.Process(process.pid).net_connections()
        assert [each.laddr.ip for each in listening if each.status == "LISTEN"] == ["127.0.0.1"]
        good = next(path for path in flags.site() if path not in faults)
        assert httpx.get(f"{url}/{good}").content == flags.site()[good]
        bad = next(path for path, kind in faults.items() if kind == "418")
        assert httpx.get(f"{url}/{bad}").status_code == 418
        hanging = next(path for path, kind in faults.items() if kind == "timeout")
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            # A hanging request does not delay the end.
            waiting.sendall(f"GET /{hanging} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            httpx.get(f"{url}/{good}")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_with_tls_it_names_the_authority_that_a_client_must_trust(run: Run, tmp_path: Path) -> None:
    with flag_server("--tls", "--connect-delay=0.01", "--delay=0", folder=tmp_path) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url, authority = line.split()[0], line.partition("authority ")[2].partition(";")[0]
        assert url.startswith("https://127.0.0.1:")
        assert "each after 0 s, a new connection after 0.01 s; authority " in line
        arguments = ("flags", "FR", "--model=sequential", f"--server={url}")
        assert "1 downloaded" in run(*arguments, f"--authority={authority}").stdout
        assert "CERTIFICATE_VERIFY_FAILED" in run(*arguments).stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert not Path(authority).exists()


def test_an_invalid_option_is_refused_in_one_sentence() -> None:
    with files.listen(0) as listener:
        port = str(listener.getsockname()[1])
        for arguments, sentence in {
            ("--port", port): f"cannot listen on port {port}: Address already in use",
            ("--delay", "5:0.5"): "expected seconds, such as 0.05, or a range of them",
            ("--delay", "x"): "got 'x'",
            ("--delay", "-1"): "got '-1'",
            ("--connect-delay", "-1"): "-1.0 is not in the range x>=0",
            ("--error-rate", "1.5"): "1.5 is not in the range 0<=x<=1",
            ("--errors", "404,fire"): "unknown kind 'fire': choose from 404, 418",
        }.items():
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == 2
            assert sentence in result.output
            assert "Traceback" not in result.output


def test_its_help_lists_every_kind_of_error_and_examples() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "python -m programs.flag_server --delay 0.5:5 --port 8001" in shown
    assert all(what in shown for what in KINDS.values())
    assert max(map(len, shown.splitlines())) <= 80
