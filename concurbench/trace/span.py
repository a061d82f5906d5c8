"""What a unit did for some time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from concurbench.trace.call import Call
from concurbench.trace.unit import Unit


class Kind(Enum):
    """What a unit does: it waits, it is late, for it could go on and does not get to, it holds what
    others wait for, it computes, or it fails at what it does."""

    WAITS = "waits"
    LATE = "is late"
    HOLDS = "holds"
    COMPUTES = "computes"
    FAILS = "fails"


@dataclass(frozen=True)
class Span:
    """From ``begin`` to ``end``, in seconds of one clock, something that ``label`` names."""

    unit: Unit
    label: str
    begin: float
    end: float
    kind: Kind = Kind.WAITS

    @classmethod
    def of(cls, call: Call, label: str, kind: Kind = Kind.WAITS) -> Span:
        """What a call was."""
        return cls(call.unit, label, call.begin, call.begin + call.seconds, kind)
