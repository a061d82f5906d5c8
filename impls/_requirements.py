"""Whether the packages that a model requires are here."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterable


class Unavailable(Exception):
    """This model cannot run in this environment; the message is the reason, in a few words."""


def check_installed(packages: Iterable[str]) -> None:
    """Look for packages without importing them.

    Raises:
        Unavailable: one of them is missing.
    """
    for package in packages:
        if importlib.util.find_spec(package.partition(".")[0]) is None:
            raise Unavailable(f"no package {package}")


def check_importable(packages: Iterable[str]) -> None:
    """Import packages.

    Raises:
        Unavailable: one of them cannot be imported.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and f"{package}.".startswith(f"{error.name}."):
                raise Unavailable(f"no package {package}") from None
            # It is installed, but not for this interpreter. The message leaves out the file's path.
            reason = re.sub(r" \(/.*?\)", "", str(error))
            raise Unavailable(f"cannot import package {package}: {reason}") from error
