"""The substitutes for parts of a download: the answers stay right, and the part is really gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import impls
from benchmarks.losses import Part, parts
from impls import flags
from servers import Seen
from servers.local import Local
from tests.conftest import Suite

ALL = ("client", "pool", "connecting", "saving", "server")

MODELS = {
    "threaded": ALL,
    "asyncio_gather": ALL,
    "asyncio_keep_all": ALL,
    "asyncio_aiohttp": ("client", "connecting", "saving", "server"),
    "trio_nursery": ("client", "pool", "saving"),
}
"""Model -> the parts that can be removed from it."""

WORKERS = 20

LAZY = ("threaded",)
"""Models whose workers start one by one: on a busy machine, early ones do the work of late ones. Tasks
of a loop all ask for a connection before the first of them has its answer."""


@dataclass
class Bench:
    server: Local
    folder: Path

    def without(self, name: str, part: Part | None) -> tuple[Seen, set[str]]:
        """What the server has seen of a round, and the files that were saved."""
        run = impls.load("flags", name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        job = flags.Job(flags.CASES["pop20"].codes, self.server.url, self.folder)
        self.server.reset()
        if part is None:
            answers = run(job, workers=WORKERS)
        else:
            with part.removed(job):
                answers = run(job, workers=WORKERS)
            part.check(job, answers)
        return self.server.seen(), {path.stem for path in self.folder.iterdir()}


@pytest.fixture(scope="module")
def bench(flag_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Local(flag_site, 0.05) as server:
        yield Bench(server, tmp_path_factory.mktemp("flags"))


@pytest.mark.parametrize("name", MODELS)
def test_without_a_part_the_answers_are_right_and_only_that_part_is_gone(
    name: str, bench: Bench
) -> None:
    try:
        impls.load("flags", name)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))
    whole, saved = bench.without(name, None)
    found = parts(impls.find("flags", name), bench.server)
    assert tuple(found) == ALL
    for each, part in found.items():
        seen, files = bench.without(name, part)
        assert part.used is (each in MODELS[name])
        if part.used:
            assert seen.served == (1 if each == "server" else whole.served)  # one, for the headers
            assert files == (set() if each == "saving" else saved)
            # Twice as many as requests are opened beforehand, and one asks for the headers.
            expected = {"connecting": 2 * WORKERS, "server": WORKERS + 1}.get(each, WORKERS)
            if name in LAZY and each != "connecting":
                assert 0 < (seen.connections or 0) <= expected
            else:
                assert seen.connections == expected


def test_a_run_with_losses_saves_a_round_without_each_part_for_each_turn(checkout: Suite) -> None:
    checkout.add_workload("flags")
    result = checkout.run_here(
        "--losses", "--models=threaded,asyncio_gather", "--cases=pop20", "--workers=20",
        "--http-server=local", "--http-delay=0.01", "--seconds-per-row=0.01", "--benchmark-save=kept",
    )  # fmt: skip
    assert result.ret == 0
    for row in checkout.load("kept.json")["benchmarks"]:
        info = row["extra_info"]
        assert tuple(info["without"]) == ALL
        assert {len(seconds) for seconds in info["without"].values()} == {len(info["turns"])}


def test_a_wrong_outcome_without_a_part_is_an_error(bench: Bench) -> None:
    impls.load("flags", "threaded")
    part = parts(impls.find("flags", "threaded"), bench.server)["client"]
    job = flags.Job(("DE",), bench.server.url, bench.folder)
    with pytest.raises(AssertionError, match="without client: wrong outcomes"):
        part.check(job, {"DE": flags.Outcome("error")})


def test_models_with_other_processes_or_without_a_server_have_no_parts(bench: Bench) -> None:
    assert parts(impls.find("flags", "multiprocess"), bench.server) == {}
    assert parts(impls.find("flags", "threaded"), None) == {}
