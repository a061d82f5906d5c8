"""``python -m studies.mutations``: do the tests notice errors in the code?

It draws small errors (mutations), applies each in a copy of this checkout, and runs the tests of the
changed package. A mutation that no test notices survives, and shows a gap in the tests.
"""

from __future__ import annotations

import ast
import difflib
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from concurbench.command import Command, ended_by_signals
from concurbench.errors import ConcurbenchError
from concurbench.runner.workspace import Workspace

ROOT = Path(__file__).parents[1]
PACKAGES = ("concurbench", "impls", "servers", "programs")
GROUND = {
    "plugin": "tests/measure", "pyproject": "tests/machine", "errors": "tests/test_command.py",
    "index": "tests/test_cli.py", "command": "tests/test_cli.py",
    "terminal": "tests/measure/test_session.py",
}  # fmt: skip
"""Module -> tests that use it, if they are not in the folder of its package."""

NOT_COPIED = (".git", ".venv*", "__pycache__", ".*_cache", "*.egg-info")

OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}  # fmt: skip
"""An operator -> its replacement."""


@dataclass(frozen=True)
class Mutation:
    """A change to the lines of a node in a file."""

    path: Path
    """Relative to the checkout."""
    node: ast.expr | ast.stmt
    replacement: str

    def apply(self, text: str) -> str:
        """The text of the file with the change."""
        node = self.node
        lines = text.encode().splitlines(keepends=True)  # columns of nodes count bytes
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        start, end = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
        lines[first : last + 1] = [start, self.replacement.encode(), end]
        return b"".join(lines).decode()

    def diff(self, text: str) -> str:
        lines = difflib.unified_diff(text.splitlines(), self.apply(text).splitlines(), lineterm="", n=0)
        return "\n".join(f"    {line}" for line in lines if not line.startswith(("---", "+++", "@@")))


def mutations(path: Path, text: str) -> list[Mutation]:
    nodes = _nodes(ast.parse(text))
    return [Mutation(path, part, code) for node in nodes for part, code in _changes(node)]


def _nodes(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The nodes to change: not in annotations, decorators, f-strings (their positions are wrong before
    Python 3.12) and imports for type checkers."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            checked = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if isinstance(child, ast.AST) and not checked and not isinstance(child, ast.JoinedStr):
                if isinstance(child, ast.expr | ast.stmt):
                    yield child
                yield from _nodes(child)


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """The part of a node to replace, and its replacement."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Compare(ops=[operator]):
            yield node, f"({ast.unparse(_with(node, ops=[OPPOSITE[type(operator)]()]))})"
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) if type(operator) in OPPOSITE:
            yield node, f"({ast.unparse(_with(node, op=OPPOSITE[type(operator)]()))})"
        case ast.Constant(value=bool()):
            yield node, str(not node.value)
        case ast.Constant(value=int() | float() as number):
            yield node, f"({number} + 1)"
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield node, "return None"
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield node, "pass"
        case ast.Break():
            yield node, "continue"
        case ast.Continue():
            yield node, "break"


def _with(node: ast.AST, **fields: object) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def draw(root: Path, count: int, seed: int, only: str = "") -> list[Mutation]:
    """Draw ``count`` mutations; each package has the same probability, whatever its size.

    The path of each changed file begins with ``only``.
    """
    chance = random.Random(seed)
    packages: dict[str, list[Mutation]] = {}
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            path = file.relative_to(root)
            if not str(path).startswith(only):
                continue
            name = "/".join(path.parts[:2]) if package == "concurbench" else package
            found = mutations(path, file.read_text(encoding="utf-8"))
            packages.setdefault(name, []).extend(found)
    filled = [*filter(None, packages.values())]
    return [chance.choice(chance.choice(filled)) for _ in range(count if filled else 0)]


def tests_of(path: Path, root: Path) -> list[str]:
    """The tests for a file, those with its name first."""
    *folders, name = path.with_suffix("").parts
    folder = Path("tests", folders[1] if len(folders) > 1 and folders[0] == PACKAGES[0] else folders[0])
    names = [f"test_{each}.py" for each in (name, folders[-1])]
    found = [str(file.relative_to(root)) for each in names for file in (root / "tests").rglob(each)]
    rest = [str(folder)] if (root / folder).is_dir() else []
    if name in GROUND or not rest:
        rest.append(GROUND.get(name, "tests/test_cli.py"))
    return list(dict.fromkeys([*sorted(found, key=lambda file: names[0] not in file), *rest]))


def outcome(root: Path, tests: list[str], timeout: float) -> int | None:
    """The exit code of these tests in a checkout; None if they took too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    with Workspace() as workspace:
        # Bytecode of a changed file could be as old, and as long, as that of the original.
        environ = workspace.environ(PYTHONPATH=str(root), PYTHONDONTWRITEBYTECODE="1")
        output = workspace.folder / "output"
        try:
            with workspace.running([*command, *tests], root, environ, output) as process:
                return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


@click.command("studies.mutations", cls=Command)
@click.option("--seed", default=0, show_default=True, help="Seed of the random mutations.")
@click.option("--count", default=40, show_default=True, type=click.IntRange(min=1), help="Mutations.")
@click.option("--only", default="", metavar="PREFIX", help="Change only files whose path begins so.")
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="Time limit for the tests of one mutation; a mutation that exceeds it counts as caught.",
)
@click.pass_context
def main(ctx: click.Context, /, seed: int, count: int, only: str, timeout: float) -> None:
    """Change the code at random places, and run the tests of the changed package.

    \b
    Exit codes: 0  the tests caught every mutation
                1  a mutation survived
                2  no answer: the tests fail without a mutation
    """
    click.echo(f"seed {seed}, {count} mutations")
    survived = 0
    good: set[str] = set()
    with ended_by_signals(), TemporaryDirectory() as folder:
        root = Path(folder, "checkout")
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*NOT_COPIED))
        drawn = draw(root, count, seed, only)
        if not drawn:
            raise ConcurbenchError(f"no code to change in a file whose path begins with {only!r}")
        for mutation in drawn:
            tests = tests_of(mutation.path, root)
            if not good.issuperset(tests):
                if outcome(root, tests, 3 * timeout) != 0:
                    raise ConcurbenchError(f"without a mutation, these fail: {' '.join(tests)}")
                good.update(tests)
            file = root / mutation.path
            text = file.read_text(encoding="utf-8")
            file.write_text(mutation.apply(text), encoding="utf-8")
            code = outcome(root, tests, timeout)
            file.write_text(text, encoding="utf-8")
            survived += code == 0
            verdict = {None: "caught (time limit)", 0: "SURVIVED"}.get(code, "caught")
            click.echo(f"{verdict}  {mutation.path}:{mutation.node.lineno}\n{mutation.diff(text)}")
    click.echo(f"{count - survived} of {count} caught, {survived} survived (seed {seed})")
    ctx.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
