"""How late each model lets a waiting thread run while another one computes."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, switching


def test_switching(row: BenchmarkRow) -> None:
    job = switching.job(row.case, Resources())
    units = (switching.python_code, switching.c_code, switching.c_code_holding)
    work = (job, switching.wait, switching.compute, *units)
    row.measure(Resources(), waiting=job.naps * job.nap, work=work)
