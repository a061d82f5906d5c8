"""Hosts for the tests of cards: recorded machines, and Linux machines made of a few files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from concurbench.machine import Host, interpreter
from concurbench.machine.card import Field
from concurbench.machine.host import Fallback, Uname

HOSTS = Path(__file__).parent / "hosts"

NAMES = sorted(path.parent.name for path in HOSTS.glob("*/uname.json"))

DEFAULTS: dict[str, Any] = {
    "python_implementation": "CPython", "python_minor": "3.11", "python_version": "3.11.7",
    "python_compiler": "GCC 12.2.0", "python_build": "-O3", "debug_build": False,
    "free_threaded": False, "gil_forced": False, "gil_enabled": True, "jit": "not built",
    "allocator": interpreter.allocator({}), "start_method": "fork", "switch_interval_seconds": 0.005,
    "python_cores": 2,
}  # fmt: skip


def python(**values: Any) -> list[Field]:
    """The fields of an interpreter with default options, except these values."""
    changed = {**DEFAULTS, **values}
    return [replace(field, value=changed[field.name]) for field in interpreter.fields()]


PLAIN = python()


def recorded(name: str) -> Host:
    """The machine of this name."""
    uname = json.loads((HOSTS / name / "uname.json").read_text(encoding="utf-8"))
    fallback = Fallback(**uname.get("fallback", {}))
    return Host(
        uname=Uname(uname["system"], uname["release"], uname["version"], uname["machine"]),
        root=HOSTS / name,
        cores=uname["cores"],
        affinity=None if uname["affinity"] is None else frozenset(uname["affinity"]),
        fallback=lambda: fallback,
    )


def expected(name: str) -> dict[str, Any]:
    """The expected values of its card."""
    content: dict[str, Any] = json.loads((HOSTS / name / "card.json").read_text(encoding="utf-8"))
    return content


def linux(
    root: Path, files: Mapping[str, str], *, release: str = "6.1.0-21-amd64", machine: str = "x86_64",
    cores: int = 4, environ: Mapping[str, str] | None = None,
) -> Host:  # fmt: skip
    """A Linux machine with only these files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Host(
        Uname("Linux", release, "#1 SMP", machine), root, cores, frozenset(range(cores)), environ or {}
    )
