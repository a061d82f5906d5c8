"""The options of a suite's configuration that would keep its benchmarks from being measured."""

from __future__ import annotations

import argparse
import contextlib
import re

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


def without_obstacles(arguments: list[str]) -> list[str]:
    """These arguments without xdist's workers, coverage, random order, time limits, early ends, and
    what pytest-benchmark would switch off, save or compare."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in FLAGS:
        parser.add_argument(flag, action="store_true")
    for option in VALUES:
        parser.add_argument(option)
    for option in MAYBE_VALUES:
        parser.add_argument(option, nargs="?")
    separate = [part for argument in arguments for part in _separate(argument)]
    with contextlib.suppress(argparse.ArgumentError):  # pytest reports what is wrong with them
        return parser.parse_known_args(separate)[1]
    return separate


def _separate(argument: str) -> list[str]:
    """Short options written together, as in ``-xvn4``, as separate ones, without ``x``."""
    together = re.fullmatch(r"-([vqslx]*)(n.*)?", argument)
    if together is None or argument == "-":
        return [argument]
    flags = together[1].replace("x", "")
    return [*([f"-{flags}"] if flags else []), *([f"-{together[2]}"] if together[2] else [])]
