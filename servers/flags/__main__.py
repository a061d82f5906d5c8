"""``python -m servers.flags``: a flag server to try a program on, as slow and as bad as it is told."""

from __future__ import annotations

import math
import sys

import click
import uvicorn

from impls import flags
from servers import LOOPBACK
from servers.delay import METAVAR, Delay, option
from servers.faults import KINDS
from servers.files import FileApp, configuration, listen
from servers.flags import PROFILES, Profile

EXAMPLES = """\b
python -m servers.flags                              every flag, after 50 ms
python -m servers.flags --delay 0.5:5 --port 8001    each after a time of its own
python -m servers.flags --error-rate 0.25            a quarter of the files fail
python -m servers.flags --error-rate 1 --errors reset,timeout
"""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


def kinds_of(text: str) -> tuple[str, ...]:
    """Some kinds of faults, with commas between."""
    kinds = tuple(kind.strip() for kind in text.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise click.BadParameter(f"no kind of error {kind!r}; there are: {', '.join(KINDS)}")
    return kinds


def number(_: click.Context, __: click.Parameter, value: float) -> float:
    """The same; not a number is within any range."""
    if math.isnan(value):
        raise click.BadParameter("nan is no share")
    return value


KINDS_HELP = "\b\nKinds of errors:\n" + "\n".join(f"  {kind:8} {what}" for kind, what in KINDS.items())


@click.command(epilog=f"{KINDS_HELP}\n\n{EXAMPLES}")
@click.option(
    "--delay", type=option, metavar=METAVAR, default=str(PROFILES["local"].delay), show_default=True,
    help="How long an answer takes: always the same, or each file a time of its own from a range.",
)  # fmt: skip
@click.option(
    "--error-rate", type=click.FloatRange(0, 1), callback=number, default=0.0, show_default=True,
    help="What share of the files, images and metadata, fails.",
)  # fmt: skip
@click.option(
    "--errors", "kinds", type=kinds_of, metavar="KIND,…", default=",".join(KINDS), show_default=True,
    help="In which ways.",
)  # fmt: skip
@click.option(
    "--seed", type=int, default=0, show_default=True,
    help="Which files fail and how long each takes: the same for the same number.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free one."
)
def main(delay: Delay, error_rate: float, kinds: tuple[str, ...], seed: int, port: int) -> None:
    """Serve the flags of the world on this machine alone, until Ctrl-C."""
    site = flags.site()
    profile = Profile(delay, error_rate, kinds)
    faults = profile.faults(site, seed)
    app = FileApp(site, delay, faults=faults, seed=seed)
    try:
        listener = listen(port)
    except OSError as error:
        raise click.BadParameter(
            f"cannot listen at {port}: {error.strerror}", param_hint="--port"
        ) from None
    with listener:
        click.echo(f"http://{LOOPBACK}:{listener.getsockname()[1]}  {told(profile, len(faults), seed)}")
        options = configuration(app)
        # What hangs is to end at once; that it was cut off is no news to who has just said so.
        options.timeout_graceful_shutdown, options.log_level = 0, "critical"
        options.configure_logging()
        try:
            uvicorn.Server(options).run(sockets=[listener])
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def told(profile: Profile, failing: int, seed: int) -> str:
    """What the server does, in a line."""
    delay, files = profile.delay, len(flags.site())
    seconds = f"{delay.shortest:g}" if delay.fixed else f"{delay.shortest:g} to {delay.longest:g}"
    drawn = "" if delay.fixed and not failing else f"; seed {seed}"
    fails = f", {failing} of them fail ({', '.join(profile.kinds)})" if failing else ""
    return f"{files} files, each after {seconds} s{fails}{drawn}; Ctrl-C ends it"


if __name__ == "__main__":
    main()
