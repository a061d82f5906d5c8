"""The benchmarks, with models that cheat, a server that dies, and proxies."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.matrix import matrix
from tests.conftest import Suite
from tests.measure.test_session import said


@pytest.fixture
def flags_suite(checkout: Suite) -> Suite:
    checkout.add_workload("flags")
    return checkout


def test_files_of_an_earlier_round_do_not_count(flags_suite: Suite) -> None:
    flags_suite.write(
        "impls/flags/lazy.py",
        '''
        """Downloads once, and afterwards returns the same outcomes."""
        from impls.flags import sequential

        outcomes = {}

        def run(job, *, workers):
            global outcomes
            outcomes = outcomes or sequential.run(job, workers=1)
            return outcomes
        ''',
    )
    result = flags_suite.run_here(
        "--models=lazy", "--cases=pop20", "--http-server=mock", "--http-delay=0"
    )
    assert result.ret == 1
    assert "CN: no file CN.gif in the destination" in said(result)


@pytest.mark.parametrize("server", ["mock", "local"])
def test_a_model_that_exceeds_its_bound_fails(flags_suite: Suite, server: str) -> None:
    flags_suite.write(
        "impls/flags/greedy.py",
        '''
        """Uses twice the workers."""
        from impls.flags import threaded

        def run(job, *, workers):
            return threaded.run(job, workers=2 * workers)
        ''',
    )
    result = flags_suite.run_here(
        "--models=greedy", "--cases=pop20", "--workers=4", f"--http-server={server}", "--http-delay=1"
    )
    assert result.ret == 1
    assert "the server had 8 requests in flight, the bound is 4" in said(result)


def test_a_model_with_too_many_requests_fails(flags_suite: Suite) -> None:
    flags_suite.write(
        "impls/flags/doubling.py",
        '''
        """Downloads everything twice."""
        from impls.flags import sequential

        def run(job, *, workers):
            sequential.run(job, workers=1)
            return sequential.run(job, workers=1)
        ''',
    )
    arguments = ("--models=doubling", "--cases=pop20", "--http-server=mock", "--http-delay=0")
    assert "the server served 40 requests, expected 20" in said(flags_suite.run_here(*arguments))


def test_a_model_has_rows_only_for_the_servers_that_it_supports(flags_suite: Suite) -> None:
    flags_suite.write("impls/flags/real.py", '"""Sockets."""\nSERVERS = ("local",)')
    output = said(flags_suite.run_here("--collect-only", "-q", "--models=real"))
    assert "test_flags[real-local-pop20-w20]" in output
    assert "mock" not in output
    flags_suite.write("impls/flags/real.py", '"""Nowhere."""\nSERVERS = ("moon",)')
    assert "flags/real.py: SERVERS has 'moon': choose from mock, local" in said(
        flags_suite.run_here("--collect-only")
    )


PROBE = """
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

START_METHOD = "forkserver"

def run(job, *, workers):
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, context) as pool:
        found = pool.submit(look).result()
    assert found == {found}, found
    return sum(job.numbers)

def look():
    import impls
    return impls.__file__, "_pytest" in sys.modules, "colorsys" in sys.modules
"""


@pytest.mark.parametrize(
    ("cases", "found"),
    [
        (["all"], {("mock", "pop20"), ("local", "pop20"), ("local", "all194")}),
        (["all194"], {("mock", "all194"), ("local", "all194")}),
        (["smallest"], {("mock", "pop20"), ("local", "pop20")}),
        (["all194_tls", "all194_h2"], {("local", "all194_tls"), ("local", "all194_h2")}),
    ],
)
def test_a_case_runs_with_its_own_servers_unless_it_is_named_and_never_with_others(
    cases: list[str], found: set[tuple[str, str]]
) -> None:
    option = SimpleNamespace(models=["threaded"], cases=cases, workers=None)
    cells = matrix("flags", ("mock", "local"), option)
    assert {(cell.server, cell.case) for cell in cells} == found


def test_processes_import_this_checkout_but_neither_pytest_nor_modules_of_another_row(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = suite.path / "impls/__init__.py"
    preloading = PROBE.replace(
        "    with", '    context.set_forkserver_preload(["impls", "colorsys"])\n    with'
    )
    suite.write("impls/toy/probe_a.py", preloading.format(found=(str(here), False, True)))
    suite.write("impls/toy/probe_b.py", PROBE.format(found=(str(here), False, False)))
    other_checkout = suite.write("elsewhere/impls/__init__.py", '"""Not this one."""').parents[1]
    monkeypatch.setenv("PYTHONPATH", str(other_checkout))
    monkeypatch.chdir("/")
    # Like users, start the script pytest: children would import its file as their main module.
    script = Path(sys.executable).with_name("pytest")
    benchmarks = str(suite.path / "benchmarks")
    result = suite.pytester.run(script, benchmarks, "--models=probe_a,probe_b", "--benchmark-disable")
    result.assert_outcomes(passed=2)


def test_a_server_that_dies_fails_only_its_row(flags_suite: Suite) -> None:
    flags_suite.write(
        "impls/flags/aaa_killer.py",
        '''
        """Kills the server, and then sends requests."""
        import psutil
        from impls.flags import sequential

        def run(job, *, workers):
            children = psutil.Process().children()
            servers = [child for child in children if "servers.files" in child.cmdline()]
            max(servers, key=psutil.Process.create_time).kill()  # others may be of other tests
            return sequential.run(job, workers=1)
        ''',
    )
    result = flags_suite.run_here(
        "--models=aaa_killer,threaded_client_per_thread", "--cases=pop20", "--http-server=local",
        "--http-delay=0.001", "--benchmark-save=kept",
    )  # fmt: skip
    assert result.ret == 1
    assert "the local server went away while it was needed (exit status -9)" in said(result)
    assert [row["param"] for row in flags_suite.load("kept.json")["benchmarks"]] == [
        "threaded_client_per_thread-local-pop20-w20"
    ]


def test_expensive_connections_are_other_work_and_have_a_higher_limit(flags_suite: Suite) -> None:
    usual = ("--models=threaded", "--http-server=local", "--http-delay=0.01", "--seconds-per-row=0.01")
    assert flags_suite.run_here(*usual, "--cases=pop20", "--benchmark-save=plain").ret == 0
    result = flags_suite.run_here(
        *usual, "--cases=pop20,all194_tls", "--http-connect-delay=0.02", "--benchmark-save=delayed"
    )
    assert result.ret == 0
    assert "--http-connect-delay=0.02" in said(result)
    [plain] = (row["extra_info"] for row in flags_suite.load("plain.json")["benchmarks"])
    delayed, over_tls = (row["extra_info"] for row in flags_suite.load("delayed.json")["benchmarks"])
    assert "connect_delay" not in plain
    assert delayed["connect_delay"] == over_tls["connect_delay"] == 0.02
    waves = [info["bounds"]["waiting"] for info in (plain, delayed, over_tls)]
    assert waves == pytest.approx([0.01, 0.01 + 0.02, 4 * 0.01 + 0.02])
    assert delayed["fingerprint"] != plain["fingerprint"]


def test_losses_are_refused_where_no_part_has_a_substitute(flags_suite: Suite) -> None:
    for arguments, sentence in {
        ("--cases=pop20,all194_tls",): "over TLS: leave out --cases=all194_tls",
        ("--http-connect-delay=0.1",): "if connections are delayed: leave out --http-connect-delay",
    }.items():
        result = flags_suite.run_here("--losses", *arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"--losses: no part can be replaced {sentence}" in said(result)


def test_proxies_of_the_environment_are_not_used(
    flags_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    # One model for each HTTP client, and one with processes.
    models = "threaded,asyncio_aiohttp,asyncio_httpx2,multiprocess"
    arguments = ("--benchmark-disable", "--http-delay=0", f"--models={models}")
    assert flags_suite.run(*arguments).ret == 0


def test_a_row_saves_the_counts_of_its_server(flags_suite: Suite) -> None:
    flags_suite.run(
        "--models=multiprocess",
        "--cases=pop20",
        "--workers=2",
        "--benchmark-save=kept",
        "--http-delay=0.01",
    )
    mock, local = (row["extra_info"] for row in flags_suite.load("kept.json")["benchmarks"])
    assert (mock["server"], local["server"]) == ("mock", "local")
    for info in (mock, local):
        assert info["start_method"] == "forkserver"
        assert info["server_saw"]["served"] == 20
        assert 1 <= info["server_saw"]["peak"] <= 2
        assert info["bounds"]["waiting"] == pytest.approx(0.1)
    assert local["bounds"]["server"] == pytest.approx(20 / local["server_capacity"])
    assert all(seconds > 0 for seconds in local["server_saw"]["cpu_seconds"])
    # Each of at most two processes has a client, and each client a connection, in each round.
    assert {*local["server_saw"]["connections"]} <= {1, 2}
    assert len(local["server_saw"]["connections"]) == len(local["server_saw"]["cpu_seconds"])
    assert mock["server_saw"]["connections"] == []
