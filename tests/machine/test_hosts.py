"""The cards of recorded machines."""

from __future__ import annotations

import pytest

from concurbench import machine
from concurbench.machine import HIDDEN, Kind
from tests.machine.recorded import NAMES, PLAIN, expected, recorded

SECTIONS = ("machine", "processor", "memory", "right now")
"""The sections about the host; the others are about the interpreter."""


@pytest.mark.parametrize("name", NAMES)
def test_the_card_has_the_expected_values(name: str) -> None:
    card = machine.card(host=recorded(name), python=PLAIN)
    values = {field.name: field.value for title in SECTIONS for field in card.sections[title]}
    assert values == expected(name)["fields"]


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_has_the_expected_name(name: str) -> None:
    assert machine.card(host=recorded(name), python=PLAIN).folder == expected(name)["folder"]


def test_only_virtual_machines_hide_facts() -> None:
    hiding = {
        name
        for name in NAMES
        if any(field.value == HIDDEN for field in machine.card(host=recorded(name)).fields)
    }
    assert hiding == {"firecracker", "virtual-machine", "wsl2"}


def test_wsl_is_another_machine_than_native_linux_on_the_same_computer() -> None:
    folders = {
        machine.card(host=recorded(name), python=PLAIN).folder for name in ("wsl1", "native-linux")
    }
    assert len(folders) == 2


def test_volatile_fields_are_in_the_last_section_only() -> None:
    *lasting, (title, changing) = machine.card(host=recorded("native-linux")).sections.items()
    assert title == "right now"
    assert {field.kind for field in changing} == {Kind.VOLATILE}
    assert Kind.VOLATILE not in {field.kind for _, fields in lasting for field in fields}
