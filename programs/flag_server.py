"""``python -m programs.flag_server``: a flag server to try a client on, with delays and faults."""

from __future__ import annotations

import contextlib
import math
import tempfile
from pathlib import Path

import click
import uvicorn

from concurbench.command import Command, Seconds
from concurbench.errors import ConcurbenchError
from impls import flags
from servers import LOOPBACK
from servers.certificate import issue
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
  python -m programs.flag_server --tls --connect-delay 0.05
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
    "--connect-delay", type=Seconds(0), metavar="SECONDS", default=0.0, show_default=True,
    help="How much later the first answer on a new connection comes, as after a round trip.",
)  # fmt: skip
@click.option(
    "--tls", is_flag=True,
    help="Speak TLS, with a certificate of its own. Clients must trust its authority, whose file the "
    "first line of output names.",
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
def main(
    delay: Delay, connect_delay: float, tls: bool, error_rate: float, kinds: tuple[str, ...], seed: int,
    port: int,
) -> None:  # fmt: skip
    """Serve the flags of the world on the loopback interface until Ctrl-C.

    The first line of output has the address. Which files fail, and the delay of each file, follow from
    the seed.
    """
    site = flags.site()
    profile = Profile(delay, error_rate, kinds)
    faults = profile.faults(site, seed)
    app = FileApp(site, delay, faults=faults, seed=seed, connect_delay=connect_delay)
    try:
        listener = listen(port)
    except OSError as error:
        raise click.BadParameter(
            f"cannot listen on port {port}: {error.strerror}", param_hint="--port"
        ) from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(listener)
        certificate = None
        if tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            try:
                certificate = issue([LOOPBACK], Path(folder))
            except ModuleNotFoundError as error:
                raise ConcurbenchError(f"--tls needs a package: pip install {error.name}") from None
        address = f"{LOOPBACK}:{listener.getsockname()[1]}"
        trust = f"; authority {certificate.authority}" if certificate else ""
        url = f"https://{address}" if certificate else f"http://{address}"
        about = describe(profile, connect_delay, len(site), len(faults), seed)
        click.echo(f"{url}  {about}{trust}; stop with Ctrl-C")
        options = configuration(app, certificate)
        # End hanging requests at once, without log messages about them.
        options.timeout_graceful_shutdown, options.log_level = 0, "critical"
        options.configure_logging()
        uvicorn.Server(options).run(sockets=[listener])


def describe(profile: Profile, connect_delay: float, files: int, failing: int, seed: int) -> str:
    """One line that says how the server behaves."""
    delay = profile.delay
    seconds = f"{delay.shortest:g}" if delay.fixed else f"{delay.shortest:g} to {delay.longest:g}"
    fails = f", {failing} of them fail ({', '.join(profile.kinds)})" if failing else ""
    drawn = "" if delay.fixed and not failing else f"; seed {seed}"
    connecting = f", a new connection after {connect_delay:g} s" if connect_delay else ""
    return f"{files} files, each after {seconds} s{connecting}{fails}{drawn}"


if __name__ == "__main__":
    main()
