"""``python -m programs.flag_server``: a flag server to try a client on, with delays and faults."""

from __future__ import annotations

import math

import click
import uvicorn

from concurbench.command import Command
from impls import flags
from servers import LOOPBACK
from servers.delay import METAVAR, Delay, option
from servers.faults import KINDS
from servers.files import FileApp, configuration, listen
from servers.profiles import PROFILES, Profile

EXAMPLES = """\b
Examples:
  python -m programs.flag_server
  python -m programs.flag_server --delay 0.5:5 --port 8001
  python -m programs.flag_server --error-rate 0.25
  python -m programs.flag_server --error-rate 1 --errors reset,timeout
"""


def kinds_of(text: str) -> tuple[str, ...]:
    """Kinds of faults from a comma-separated list."""
    kinds = tuple(map(str.strip, text.split(",")))
    for kind in kinds:
        if kind not in KINDS:
            raise click.BadParameter(f"unknown kind {kind!r}: choose from {', '.join(KINDS)}")
    return kinds


def number(_: click.Context, __: click.Parameter, value: float) -> float:
    """Refuse NaN, which click's ranges accept."""
    if math.isnan(value):
        raise click.BadParameter("expected a number from 0 to 1, got nan")
    return value


KINDS_HELP = "\b\nKinds of errors:\n" + "\n".join(f"  {kind:8} {what}" for kind, what in KINDS.items())


@click.command(cls=Command, epilog=f"{KINDS_HELP}\n\n{EXAMPLES}")
@click.option(
    "--delay", type=option, metavar=METAVAR, default=str(PROFILES["local"].delay), show_default=True,
    help="Delay before each answer: one number for all files, or a range to draw each file's from.",
)  # fmt: skip
@click.option(
    "--error-rate", type=click.FloatRange(0, 1), callback=number, default=0.0, show_default=True,
    help="Share of the files, images and metadata, that fail.",
)  # fmt: skip
@click.option(
    "--errors", "kinds", type=kinds_of, metavar="KIND,…", default=",".join(KINDS), show_default=True,
    help="Kinds of errors to draw from.",
)  # fmt: skip
@click.option(
    "--seed", type=int, default=0, show_default=True,
    help="Seed for the random delays and errors.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True,
    help="Port to listen on; 0 selects a free one.",
)  # fmt: skip
def main(delay: Delay, error_rate: float, kinds: tuple[str, ...], seed: int, port: int) -> None:
    """Serve the flags of the world on the loopback interface until Ctrl-C.

    The first line of output has the address. Which files fail, and the delay of each file, follow from
    the seed.
    """
    site = flags.site()
    profile = Profile(delay, error_rate, kinds)
    faults = profile.faults(site, seed)
    app = FileApp(site, delay, faults=faults, seed=seed)
    try:
        listener = listen(port)
    except OSError as error:
        raise click.BadParameter(
            f"cannot listen on port {port}: {error.strerror}", param_hint="--port"
        ) from None
    with listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        click.echo(f"{url}  {describe(profile, len(site), len(faults), seed)}")
        options = configuration(app)
        # End hanging requests at once, without log messages about them.
        options.timeout_graceful_shutdown, options.log_level = 0, "critical"
        options.configure_logging()
        uvicorn.Server(options).run(sockets=[listener])


def describe(profile: Profile, files: int, failing: int, seed: int) -> str:
    """One line that says how the server behaves."""
    delay = profile.delay
    seconds = f"{delay.shortest:g}" if delay.fixed else f"{delay.shortest:g} to {delay.longest:g}"
    fails = f", {failing} of them fail ({', '.join(profile.kinds)})" if failing else ""
    drawn = "" if delay.fixed and not failing else f"; seed {seed}"
    return f"{files} files, each after {seconds} s{fails}{drawn}; stop with Ctrl-C"


if __name__ == "__main__":
    main()
