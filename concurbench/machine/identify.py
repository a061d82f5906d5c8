"""Reads the identity card of this machine and interpreter, or of a recorded one."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import replace

from concurbench.machine import interpreter, memory, processor, system
from concurbench.machine.card import PACKAGES, UNKNOWN, Card, Field, Kind, context
from concurbench.machine.host import Host


def card(
    packages: Iterable[str] = (), host: Host | None = None, python: list[Field] | None = None
) -> Card:
    """The card of this machine and interpreter, or of the given host and the interpreter with the given
    fields. It has the versions of those of ``packages`` that are installed."""
    host, python = host or Host.here(), python or interpreter.fields()
    sections = {
        "machine": _explained(system.fields(host), host),
        "processor": _explained(processor.fields(host), host),
        "memory": _explained(memory.fields(host), host),
        "Python": python,
        "packages": _versions(packages),
    }
    every = [field for fields in sections.values() for field in fields]
    lasting = {
        title: [field for field in fields if field.kind is not Kind.VOLATILE]
        for title, fields in sections.items()
    }
    changing = [field for field in every if field.kind is Kind.VOLATILE]
    return Card(_folder(host, interpreter.name(python)), {**lasting, "right now": changing})


def facts(packages: Iterable[str] = ()) -> dict[str, object]:
    """The facts about this machine and interpreter that a saved run keeps; see ``Card.facts``."""
    return card(packages).facts()


def folder(python: str | None = None) -> str:
    """The name of this machine and interpreter, as in ``linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11``.
    It consists of identity fields only. ``python`` names another interpreter than this one."""
    return _folder(Host.here(), python or interpreter.name(interpreter.fields()))


def _explained(fields: Iterable[Field], host: Host) -> list[Field]:
    """These fields, the unknown ones with the reason."""
    where = "no file in /proc or /sys has it" if host.is_linux else f"not read on {system.name(host)}"
    return [replace(each, reason=where) if each.value == UNKNOWN else each for each in fields]


def _folder(host: Host, python: str) -> str:
    parts = [system.name(host)]
    if system.is_virtual(host) and parts != ["wsl2"]:  # WSL 2 always runs on Hyper-V
        parts.append(system.virtual_machine(host))
    parts += [processor.distinct_name(host), f"{processor.core_share(host):g}c", python]
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")


def _versions(packages: Iterable[str]) -> list[Field]:
    fields = []
    for name in sorted(packages):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            fields.append(context(f"{PACKAGES}.{name}", name, importlib.metadata.version(name)))
    return fields
