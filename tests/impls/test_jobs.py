"""The jobs that workloads create from their cases."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import impls
from impls import Resources, domains, flags, flags_metadata, naps, units
from servers.mock import Mock


@pytest.mark.parametrize("name", impls.workloads())
def test_each_workload_creates_a_job_from_each_of_its_cases(name: str, tmp_path: Path) -> None:
    workload = import_module(f"impls.{name}")
    resources = Resources(
        base_url="http://host", destination=tmp_path, nameserver=("host", 53), workers=2
    )
    for case in workload.CASES.values():
        job = workload.job(case, resources)
        assert job == workload.job(case, resources)
        assert not hasattr(workload, "Job") or isinstance(job, workload.Job)


def test_jobs_carry_the_resources_of_their_caller() -> None:
    resources = Resources(
        base_url="http://host", destination=Path("folder"), cluster="tcp://host:1", initializer=print,
        nameserver=("host", 53), peak=lambda: 7,
    )  # fmt: skip
    job = flags.job(flags.CASES["pop20"], resources)
    assert (job.base_url, job.destination) == ("http://host", Path("folder"))
    assert (job.cluster, job.initializer) == ("tcp://host:1", print)
    lookups = domains.job(domains.CASES["short18"], resources)
    assert (lookups.nameserver, lookups.port, lookups.peak()) == ("host", 53, 7)


def test_a_fork_server_imports_the_module_that_installs_the_mock() -> None:
    mock = Mock(Path("site"), 0.05, Path("ledger"))
    resources = Resources(base_url=mock.url, destination=Path("folder"), initializer=mock.initializer)
    for workload in (flags, flags_metadata):
        case = workload.CASES["pop20"]
        assert workload.job(case, resources).preload == ["servers.mock"]
        assert workload.job(case, replace(resources, initializer=None)).preload == []


def test_a_job_depends_on_the_workers_of_its_caller_or_of_its_case() -> None:
    assert units.job(units.CASES["hundred"], Resources()).units == 100
    assert units.job(units.CASES["hundred"], Resources(workers=3)).units == 3
    tasks = naps.CASES["tasks_5"]
    assert naps.job(tasks, Resources(workers=1)).limit > naps.job(tasks, Resources()).limit


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(LookupError, match=r"needs Resources\(base_url=…\)"):
        flags.job(flags.CASES["pop20"], Resources())
