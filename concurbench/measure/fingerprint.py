"""A fingerprint of the work a row does: rows of different work are not compared."""

from __future__ import annotations

import hashlib
import inspect

LENGTH = 16


def fingerprint(*parts: object) -> str:
    """The digest of everything that defines the work: numbers, texts, bytes, and functions.

    A function counts by its source, so that a stricter check is different work; that it may be traced
    is none. Other objects count by their ``repr``.
    """
    digest = hashlib.sha256()
    for part in parts:
        content = _content(part)
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()[:LENGTH]


def _content(part: object) -> bytes:
    if isinstance(part, bytes):
        return part
    if inspect.isfunction(part):
        lines = inspect.getsource(part).splitlines(keepends=True)
        return "".join(line for line in lines if not line.lstrip().startswith("@traced")).encode()
    return repr(part).encode()
