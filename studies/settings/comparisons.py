"""The settings of the flags benchmark, and the values that each is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx

from benchmarks.losses.client import LIMITS
from impls import flags


@dataclass(frozen=True)
class Value:
    """A value of a setting. All that is not given is as in the benchmark."""

    name: str
    limits: httpx.Limits | None = None
    """Of each httpx client; None leaves the model's own."""
    own_contexts: bool = False
    """Whether each client creates its TLS context."""
    timeout: float | None = flags.TIMEOUT
    workers: int | None = None
    saves: bool = True
    """Whether images are saved."""
    preloads: bool = True
    """Whether a fork server imports what its processes need."""
    collects: bool = True
    """Whether garbage is collected before each round."""
    model: str | None = None
    """Another model in place of the one that is compared."""
    protocol: str = "http"
    """Of the server; one of ``servers.PROTOCOLS``."""
    connect_delay: float = 0.0
    """Seconds by which the first answer on a new connection comes later."""


@dataclass(frozen=True)
class Comparison:
    """Models with the benchmark's value of a setting, and with another."""

    setting: str
    usual: Value
    other: Value
    models: tuple[str, ...]
    case: str = "all194"

    @property
    def change(self) -> str:
        """As in ``connections kept: 20 → all``."""
        return f"{self.setting}: {self.usual.name} → {self.other.name}"

    def name(self, model: str) -> str:
        """What the measurements are filed under."""
        return f"{self.change}, {model}"


@dataclass(frozen=True)
class Loss:
    """Many requests of a model, to count those that are lost."""

    model: str
    value: Value
    requests: int

    @property
    def name(self) -> str:
        return f"lost requests: {self.value.name}, {self.model}"


ALL = Value("all", limits=httpx.Limits(max_connections=100, max_keepalive_connections=100))
SOME = Value("20", limits=LIMITS)
NONE = Value("none", limits=httpx.Limits(max_connections=100, max_keepalive_connections=0))

ONE_CLIENT = Value("one for all")
CLIENT_EACH = Value("one for each request", model="threaded_new_client")

CONNECTIONS, CLIENTS = "connections kept", "clients"
PLACES = {"TLS": 0.0, "TLS, 200 ms": 0.2}
"""Where connections are expensive: name -> the seconds to connect, over TLS."""

TLS, BOUND = "TLS context", "requests in flight"
ONE_LOOP, THREADS, AIOHTTP = "asyncio_gather", "threaded", "asyncio_aiohttp"
EACH_KIND = (ONE_LOOP, THREADS, AIOHTTP)
OWN_CLIENTS = ("threaded_client_per_thread", "asyncio_small_pools", ONE_LOOP)


def over_tls(value: Value, connect_delay: float) -> Value:
    """The same value where connections are expensive."""
    return replace(value, protocol="https", connect_delay=connect_delay)


COMPARISONS = (
    Comparison(CONNECTIONS, SOME, ALL, (ONE_LOOP, "trio_nursery")),
    Comparison(CONNECTIONS, SOME, NONE, (ONE_LOOP,)),
    Comparison(CONNECTIONS, ALL, SOME, (THREADS,)),
    Comparison(CONNECTIONS, ALL, NONE, (THREADS,)),
    Comparison(CLIENTS, ONE_CLIENT, CLIENT_EACH, (THREADS,), case="pop20"),
    *(
        Comparison(
            f"{setting}, {place}", over_tls(usual, seconds), over_tls(other, seconds), (model,), case
        )
        for setting, usual, other, model, case in (
            (CONNECTIONS, SOME, ALL, ONE_LOOP, "all194"),
            (CONNECTIONS, ALL, SOME, THREADS, "all194"),
            (CLIENTS, ONE_CLIENT, CLIENT_EACH, THREADS, "pop20"),
        )
        for place, seconds in PLACES.items()
    ),
    Comparison(TLS, ONE_CLIENT, Value("one each", own_contexts=True), OWN_CLIENTS),
    Comparison("timeout", Value("30 s"), Value("none", timeout=None), EACH_KIND),
    *(
        Comparison(BOUND, Value("50"), Value(str(bound), workers=bound), EACH_KIND)
        for bound in (20, 100, 194)
    ),
    Comparison("saving", Value("each image"), Value("nothing", saves=False), EACH_KIND),
    Comparison(
        "fork server imports", Value("httpx and the model"), Value("nothing", preloads=False),
        ("multiprocess",), case="pop20",
    ),
    Comparison(
        "garbage", Value("collected first"), Value("left", collects=False),
        (ONE_LOOP, THREADS),
    ),
)  # fmt: skip

LOSSES = (
    Loss(ONE_LOOP, SOME, 50_000),
    Loss(THREADS, ALL, 50_000),
    Loss(THREADS, SOME, 20_000),
    Loss("threaded_httpx2", Value("20"), 20_000),
)


def models() -> set[str]:
    """The names of all models."""
    compared = {model for each in COMPARISONS for model in each.models}
    compared |= {each.other.model for each in COMPARISONS if each.other.model}
    return compared | {each.model for each in LOSSES}


def settings() -> tuple[str, ...]:
    """The names of all settings, and of the count of lost requests."""
    return (*dict.fromkeys(each.setting for each in COMPARISONS), "lost requests")
