"""A suite's own ``addopts``, without what would keep its benchmarks from being stepped."""

from __future__ import annotations

import argparse
import configparser
import contextlib
import re
import shlex
import tomllib
from pathlib import Path

FLAGS = (
    "--benchmark-disable", "--benchmark-enable", "--benchmark-skip", "--benchmark-only",
    "--benchmark-autosave", "--no-cov", "--cov-append", "--cov-branch", "--random-order", "-x",
    "--exitfirst", "--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first", "--sw",
    "--stepwise", "--codspeed",
)  # fmt: skip
VALUES = (
    "-n", "--numprocesses", "--dist", "--maxfail", "--cov-report", "--cov-config", "--cov-fail-under",
    "--cov-context", "--reruns", "--reruns-delay",
    "--random-order-bucket", "--random-order-seed", "--timeout", "--junitxml",
    "--junit-xml", "--benchmark-json", "--benchmark-save", "--benchmark-compare-fail",
)  # fmt: skip
MAYBE_VALUES = ("--cov", "--benchmark-compare", "--benchmark-histogram", "--benchmark-cprofile")


def kept(folder: Path) -> str:
    """The options that a project's configuration adds to each call of pytest, without workers,
    coverage, random order, time limits, early ends, and what pytest-benchmark would save or compare."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in FLAGS:
        parser.add_argument(flag, action="store_true")
    for option in VALUES:
        parser.add_argument(option)
    for option in MAYBE_VALUES:
        parser.add_argument(option, nargs="?")
    options = [part for option in configured(folder) for part in _apart(option)]
    with contextlib.suppress(argparse.ArgumentError):  # pytest will say what is wrong with them
        options = parser.parse_known_args(options)[1]
    return shlex.join(options)


def storage(folder: Path) -> str | None:
    """The folder that a project's configuration names for saved runs; None where it names none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--benchmark-storage")
    with contextlib.suppress(argparse.ArgumentError):
        named: str | None = parser.parse_known_args(configured(folder))[0].benchmark_storage
        return named and named.removeprefix("file://")
    return None


def _apart(option: str) -> list[str]:
    """Short options that were written together, as in ``-xvn4``, those of concern by themselves."""
    together = re.fullmatch(r"-([vqslx]*)(n.*)?", option)
    if together is None or option == "-":
        return [option]
    flags = together[1].replace("x", "")
    return [*([f"-{flags}"] if flags else []), *([f"-{together[2]}"] if together[2] else [])]


def configured(folder: Path) -> list[str]:
    """``addopts`` of the first file that pytest would take its configuration from."""
    for place in (folder, *folder.parents):
        for name, section in (
            ("pytest.toml", "pytest"), (".pytest.toml", "pytest"), ("pytest.ini", "pytest"),
            (".pytest.ini", "pytest"), ("pyproject.toml", ""), ("tox.ini", "pytest"),
            ("setup.cfg", "tool:pytest"),
        ):  # fmt: skip
            options = _read(place / name, section)
            if options is not None:
                return options
    return []


def _read(file: Path, section: str) -> list[str] | None:
    """The options in this file, None where it does not configure pytest at all."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix != ".toml":
            config = configparser.RawConfigParser(strict=False)
            config.read_string(text)
            return shlex.split(config[section].get("addopts", "")) if section in config else None
        content = tomllib.loads(text)
        if section:
            table = content.get(section)
        else:
            ours = content.get("tool", {}).get("pytest", {})
            table = ours.get("ini_options", ours or None)
        options = None if table is None else table.get("addopts", [])
        return shlex.split(options) if isinstance(options, str) else options
    except (OSError, ValueError, AttributeError, configparser.Error):
        return None  # pytest will say what is wrong with it
