"""``python -m programs.watch WORKLOAD``: watch any workload that has no program of its own."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

import impls
from concurbench import machine, units
from concurbench.errors import ConcurbenchError
from concurbench.report.text import say
from concurbench.runner.workspace import Workspace
from concurbench.trace import steps
from concurbench.trace.spans import Activity, Call, Span
from impls import switching
from programs._program import Options, common_options, find, in_flight, show_models, show_table

HERE = Path(__file__).parent
WORKLOADS = [name for name in impls.workloads() if not (HERE / f"{name}.py").exists()]
"""The workloads without a program of their own."""

DEFAULTS = {
    "bridges": ("asyncio_to_thread", "waiting"),
    "coroutines": ("native", "calls_10k"),
    "digests": ("threaded", "buffers_150k"),
    "saving": ("asyncio_to_thread", "large"),
    "shared": ("threaded_private", "keys_16"),
    "sorting": ("multiprocess", "records_10k"),
    "switching": ("threaded", "interval_5ms"),
    "throttle": ("threading_semaphore", "contended"),
    "units": ("threads", "hundred"),
    "wordcount": ("multiprocess_combiner", "words_100k"),
}
"""Workload -> model and case."""

PATCHES: Mapping[str, tuple[Any, ...]] = {
    "saving": (("os:replace", "dst"), ("aiofiles.os:replace", "dst")),
    "switching": (("time:sleep", "seconds", switching.NAP),),
}
"""Workload -> functions of other packages to trace, as arguments of ``recorder.patch``."""

STEP = steps.note.__name__

MAX_TEXT = 24
"""Characters of an item or a result."""


@click.argument("workload", required=False)
@click.option("--case", metavar="NAME", help="The size of the work.")
@click.option(
    "--limit", type=click.IntRange(0), default=100, show_default=True, metavar="N",
    help="Print the first N calls.",
)  # fmt: skip
@click.option(
    "--steps", "with_steps", is_flag=True,
    help="Show how the model's functions suspend and resume.",
)  # fmt: skip
def _main(
    workload: str | None, model: str | None, list_only: bool, case: str | None, bound: int | None,
    limit: int, with_steps: bool, timeline: bool, svg: Path | None,
) -> None:  # fmt: skip
    """Run a model of WORKLOAD once, and print each call of its unit of work as it ends.

    A line has the begin of the call and its duration, the unit of execution that made it, and the call
    with its result. The workload's own metrics follow, and whether the answers are right. Tracing costs
    some time: the benchmark measures without it.

    --steps prints how the functions of the model's file start, suspend, resume and return, and the
    function that called or resumed them.

    \b
    Examples:
      python -m programs.watch --list
      python -m programs.watch throttle --list
      python -m programs.watch digests --model threaded --workers 2 --timeline
      python -m programs.watch coroutines --model classic --steps
    """
    if workload is None:
        if not list_only:
            raise click.UsageError("give a WORKLOAD: --list shows them")
        show_table((name, _module(name).QUESTION) for name in WORKLOADS)
        return
    if workload not in WORKLOADS:
        if workload in impls.workloads():
            own = f"python -m programs.{workload}"
            raise click.UsageError(f"{workload} has a program of its own: {own}")
        raise click.UsageError(f"no workload {workload}: --list shows them")
    cases = _module(workload).CASES
    if list_only:
        show_models(workload)
        say(f"cases: {', '.join(cases)}")
        return
    default_model, default_case = DEFAULTS[workload]
    found = find(workload, model or default_model)
    has = [name for name in cases if found.has(name)]
    if case is None:
        case = default_case if default_case in has else has[0]
    elif case not in has:
        raise ConcurbenchError(
            f"{found.name} does not have the case {case}: choose from {', '.join(has)}"
        )
    workers = in_flight(found, bound, cases[case].workers or machine.usable_cores())
    options = Options(found, workers, timeline, svg)
    with Workspace() as workspace:  # removed even if the program is killed
        destination = workspace.folder / "files"
        destination.mkdir()
        resources = impls.Resources(workers=workers, destination=destination)
        _watch(options, case, resources, limit, with_steps)


def _module(workload: str) -> Any:
    return importlib.import_module(f"impls.{workload}")


def _watch(
    options: Options, case: str, resources: impls.Resources, limit: int, with_steps: bool
) -> None:
    """Run the model, print its calls and what they come to, and exit."""
    model = options.model
    module = _module(model.workload)
    say(f"{model.workload}, {case}: {options}")
    say(model.title)
    if model.own_process and (model.workload in PATCHES or with_steps):
        say(f"only the workload's own functions are traced: {model.name} has a process of its own")
    count = 0
    with options.run(
        module.job(module.CASES[case], resources), patches=PATCHES.get(model.workload, ()),
        around=(functools.partial(steps.traced_steps, str(model.file)),) if with_steps else (),
        summarize=functools.partial(_summarize, model.workload),
    ) as run:  # fmt: skip
        for call in run.calls():
            if call.end is None:
                continue
            if call.function == STEP:
                say(_step(call.item), whole=True)
                continue
            count += 1
            if count <= limit:
                say(_line(call, run.began_at), whole=True)
    if count > limit:
        say(f"… and {units.counted(count - limit, 'more call')} (raise --limit)")
    say(f"{units.counted(count, 'traced call')}, total {run.seconds:.3f} s")
    if with_steps:
        say(f"at most {steps.MAX_STEPS} steps are shown; the times include the cost of tracing them")
    wrong = run.answers is not None and _print_summary(module, run.answers)
    if run.ended_by:
        say(f"interrupted: {units.counted(len(run.cut), 'call')} had not ended", "yellow")
    spans = [
        Span.of(
            call, call.function if call.item is None else _short(call.item),
            Activity.FAILS if call.error else Activity.RUNS,
        )
        for call in run.done + run.cut
        if call.function != STEP
    ]  # fmt: skip
    title = f"{model.workload} · {case} · {model.name} · {options.workers} at a time"
    options.finish(run, spans, title=title, failed=wrong)


def _summarize(workload: str, job: Any, answers: Any, seconds: float) -> Mapping[str, float] | str:
    """The workload's metrics, or why the answers are wrong.

    This runs in the model's process, since some answers cannot be pickled.
    """
    module = _module(workload)
    try:
        module.check(job, answers)
    except AssertionError as error:
        return str(error)
    return dict(module.metrics(job, answers, seconds)) if hasattr(module, "metrics") else {}


def _print_summary(module: Any, summary: Mapping[str, float] | str) -> bool:
    """Print what ``_summarize`` returned; return whether the answers are wrong."""
    if isinstance(summary, str):
        say(f"the answers are wrong: {summary}", "red")
        return True
    for name, value in summary.items():
        unit, better = module.METRICS[name]
        shown = units.unit_of([value], unit)
        text = units.time(value) if unit == "s" else f"{shown.text(value)} {shown.symbol}".rstrip()
        say(f"{name}: {text} ({better} is better)")
    say("the answers are right")
    return False


def _line(call: Call, began_at: float) -> str:
    result = f"raises {call.error}" if call.error else f"→ {_short(call.result)}"
    times = f"{call.begin - began_at:8.3f} s  {call.seconds * 1e3:10.3f} ms"
    item = "" if call.item is None else _short(call.item)
    return f"{times}  {call.unit!s:20}  {call.function}({item}) {result}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= MAX_TEXT else f"…{text[1 - MAX_TEXT :]}"


def _step(step: Mapping[str, Any]) -> str:
    text = f"{step['call']:>3}  {'  ' * step['depth']}{step['function']} {step['event']}"
    return f"{text} (by {step['caller']})" if step["event"] in ("starts", "resumes") else text


main = common_options(_main, "the case's")

if __name__ == "__main__":
    main()
