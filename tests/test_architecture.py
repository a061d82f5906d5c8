"""Imports point one way and packages stay small, so that each part can be read, or copied, alone."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from concurbench import pyproject

ROOT = Path(__file__).parents[1]

TOOL = "concurbench"

FOLDERS: dict[str, set[str]] = {
    "impls": set(),
    "servers": set(),
    TOOL: set(),
    "benchmarks": {"impls", "servers", TOOL},
    "programs": {"impls", "servers", TOOL},
    "studies": {"impls", "servers", TOOL, "benchmarks", "programs"},
    "conftest": {"impls", "servers", TOOL},
}
"""Top-level folder or module -> the others it may import. Nothing imports tests."""

PARTS: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "aio": set(),
    "pyproject": {"errors"},
    "command": {"errors"},
    "machine": set(),
    "results": {"machine", "errors", "units"},
    "verdicts": {"results", "errors", "units"},
    "report": {"verdicts", "results", "errors", "units"},
    "measure": {"results", "machine", "errors", "units", "pyproject", "aio"},
    "runner": {
        "measure",
        "report",
        "verdicts",
        "results",
        "machine",
        "command",
        "errors",
        "units",
        "pyproject",
    },
    "trace": {"runner", "command", "errors", "units"},
    "gate": {"runner", "measure", "verdicts", "results", "machine", "errors", "units", "pyproject"},
    "matrix": {"runner", "measure", "results", "machine", "command", "errors", "units", "pyproject"},
    "plugin": {"measure", "report", "aio"},
    "cli": {"gate", "matrix", "runner", "report", "machine", "command"},
    "__init__": {"results"},
}
"""Package or module of the tool -> the others it may import."""

COMMANDS_MAY_IMPORT = {"report", "command", "pyproject", "errors"}
"""What the module ``command`` of a package may import besides what the package may. These modules
belong to the command line, as ``cli`` does: nothing but them and ``cli`` imports one of them."""

PROGRAMS_MAY_IMPORT = {"trace", "machine", "report", *PARTS["trace"]}
"""The parts of the tool that programs may import: they trace a model and print what it did, and
neither measure nor save anything."""

MAX_MODULES = 10
"""Modules in a package of the tool, without ``__init__`` and ``inside/``."""

MAX_LINES = 350
"""Lines in a module of the tool."""


def name_of(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a module; a package's is its ``__init__``'s."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


@functools.cache
def modules() -> dict[str, Path]:
    """Module -> file, of everything but the tests."""
    files = [ROOT / "conftest.py"]
    for folder in FOLDERS:
        files += sorted((ROOT / folder).rglob("*.py"))
    return {name_of(path): path for path in files}


def imported(text: str, known: set[str]) -> Iterator[str]:
    """The modules that a source text imports, anywhere in it: the longest names among ``known``, or
    else what stands there."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module


@functools.cache
def imports() -> dict[str, set[str]]:
    """Module -> what it imports."""
    known = {*modules()}
    return {
        name: {*imported(path.read_text(encoding="utf-8"), known)} for name, path in modules().items()
    }


def part(module: str) -> str:
    """The package or ground-floor module of the tool that a module belongs to."""
    _, _, rest = module.partition(".")
    return rest.partition(".")[0] or "__init__"


def violations() -> Iterator[str]:
    """What breaks a rule, as in ``concurbench.machine imports concurbench.report``."""
    for module, targets in imports().items():
        folder = module.partition(".")[0]
        for target in targets:
            other = target.partition(".")[0]
            if other == "tests" or (other in FOLDERS and other not in {folder, *FOLDERS[folder]}):
                yield f"{folder} imports {other}"
            elif other == TOOL:
                yield from _into_the_tool(module, folder, target)
    for name in sorted({part(module) for module in modules() if module.partition(".")[0] == TOOL}):
        if name not in PARTS:
            yield f"{TOOL}.{name} has no rule"
        package = ROOT / TOOL / name
        count = len([path for path in package.glob("*.py") if path.name != "__init__.py"])
        if count > MAX_MODULES:
            yield f"{TOOL}.{name} has more than {MAX_MODULES} modules"
    for module, path in modules().items():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if module.partition(".")[0] == TOOL and lines > MAX_LINES:
            yield f"{module} has more than {MAX_LINES} lines"


def is_command(module: str) -> bool:
    """Whether it is the module ``command`` of a package of the tool."""
    return module.count(".") == 2 and module.endswith(".command")


def _into_the_tool(module: str, folder: str, target: str) -> Iterator[str]:
    other = part(target)
    if folder == "programs" and other not in PROGRAMS_MAY_IMPORT:
        yield f"{folder} imports {TOOL}.{other}"
    elif folder == TOOL:
        source = part(module)
        allowed = PARTS.get(source, {other}) | (COMMANDS_MAY_IMPORT if is_command(module) else set())
        if other not in {source, *allowed}:
            yield f"{TOOL}.{source} imports {TOOL}.{other}"
        elif is_command(target) and not is_command(module) and source != "cli":
            yield f"{module} imports {target}"


def test_every_rule_holds() -> None:
    assert sorted(set(violations())) == []


@pytest.mark.parametrize(
    ("module", "target", "found"),
    [
        ("concurbench.results.runs", "concurbench.machine.card", []),
        (
            "concurbench.machine.card",
            "concurbench.results.runs",
            ["machine imports concurbench.results"],
        ),
        ("concurbench.machine.command", "concurbench.report.text", []),
        ("concurbench.machine.card", "concurbench.report.text", ["machine imports"]),
        ("concurbench.cli", "concurbench.gate.command", []),
        ("concurbench.matrix.command", "concurbench.runner.command", []),
        ("concurbench.gate.gate", "concurbench.runner.command", ["gate.gate imports"]),
        ("programs.flags", "concurbench.trace.spans", []),
        ("programs.flags", "concurbench.measure.row", ["programs imports concurbench.measure"]),
    ],
)
def test_a_rule_finds_what_breaks_it(module: str, target: str, found: list[str]) -> None:
    broken = list(_into_the_tool(module, module.partition(".")[0], target))
    assert len(broken) == len(found)
    assert all(part in sentence for part, sentence in zip(found, broken, strict=True))


def test_no_module_imports_itself_through_others() -> None:
    graph = {name: targets & {*modules()} - {name} for name, targets in imports().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import circle: {' <- '.join(error.args[1])}")


def test_the_rules_for_packages_have_no_circle() -> None:
    TopologicalSorter(PARTS).prepare()


def test_the_tool_imports_no_package_that_its_wheel_does_not_declare() -> None:
    project = pyproject.read(ROOT)["project"]
    extras = project["optional-dependencies"]
    declared = {
        canonicalize_name(Requirement(text).name)
        for text in (*project["dependencies"], *extras["gate"], *extras["matrix"], *extras["scaling"])
    }
    distributions = packages_distributions()
    for module, targets in imports().items():
        if module.partition(".")[0] == TOOL:
            for package in {target.partition(".")[0] for target in targets} - sys.stdlib_module_names:
                # inside/ is on the path of the processes that it is for: its modules import each other.
                beside = modules()[module].with_name(f"{package}.py").exists()
                if package not in FOLDERS and not beside:
                    names = {canonicalize_name(name) for name in distributions.get(package, [])}
                    assert names & declared, f"{module} imports {package}"


def test_an_import_is_found_wherever_it_stands() -> None:
    text = "import httpx\nfrom servers.mock import Mock\n\ndef f():\n    from a import b, c\n"
    assert {*imported(text, {"a.b"})} == {"httpx", "servers.mock", "a.b", "a"}


def test_no_model_knows_pytest() -> None:
    for path in (ROOT / "impls").rglob("*.py"):
        assert "pytest" not in path.read_text(encoding="utf-8"), path
