"""Reads the identity card of this machine and interpreter, or of a recorded one."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import replace

from concurbench.machine import interpreter, memory, processor, system
from concurbench.machine.card import PACKAGES, UNKNOWN, Card, Field, Kind, Section, context
from concurbench.machine.host import Host
from concurbench.machine.interpreter import Interpreter


def card(
    packages: Iterable[str] = (), host: Host | None = None, python: Interpreter | None = None
) -> Card:
    """The card of this machine and interpreter, or of the given ones, with the versions of those of
    ``packages`` that are installed."""
    host, python = host or Host.here(), python or Interpreter.here()
    on_host = {
        "machine": system.fields(host),
        "processor": processor.fields(host),
        "memory": memory.fields(host),
    }
    sections = {title: _explained(fields, host) for title, fields in on_host.items()}
    sections |= {"Python": interpreter.fields(python), "packages": _versions(packages)}
    changing = [field for each in sections.values() for field in each if field.kind is Kind.VOLATILE]
    lasting = {
        title: tuple(field for field in fields if field.kind is not Kind.VOLATILE)
        for title, fields in sections.items()
    }
    return Card(
        _folder(host, python.name),
        tuple(Section(*each) for each in {**lasting, "right now": tuple(changing)}.items()),
    )


def facts(packages: Iterable[str] = ()) -> dict[str, object]:
    """The facts about this machine and interpreter that a saved run keeps; see ``Card.facts``."""
    return card(packages).facts()


def folder(python: str | None = None) -> str:
    """The name of this machine and interpreter, as in ``linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11``.
    It consists of identity fields only. ``python`` names another interpreter than this one."""
    return _folder(Host.here(), python or Interpreter.here().name)


def _explained(fields: Iterable[Field], host: Host) -> list[Field]:
    """These fields, the unknown ones with the reason."""
    where = "no file in /proc or /sys has it" if host.is_linux else f"not read on {system.name(host)}"
    return [replace(each, reason=where) if each.value == UNKNOWN else each for each in fields]


def _folder(host: Host, python: str) -> str:
    parts = [
        system.name(host),
        _hypervisor(host),
        processor.distinct_name(host),
        f"{processor.core_share(host):g}c",
        python,
    ]
    return _slug("-".join(part for part in parts if part))


def _hypervisor(host: Host) -> str:
    """The hypervisor's part of the folder name. WSL 2 always runs on Hyper-V, so it has none."""
    kind = system.virtual_machine(host)
    return "" if kind in (system.NO, UNKNOWN) or system.name(host) == "wsl2" else kind


def _versions(packages: Iterable[str]) -> list[Field]:
    fields = []
    for name in sorted(packages):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            fields.append(context(f"{PACKAGES}.{name}", name, importlib.metadata.version(name)))
    return fields


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
