"""A DNS server for a few names, with a fixed delay before each answer.

``servers.nameserver`` runs it in a separate process. The names that it gets as an option have an
address; all others do not exist. Queries for texts of the class CH, the usual way to ask a DNS server
about itself, control it without a delay: ``seen.`` returns the counts, and ``reset.`` sets them to
zero.

It uses asyncio's own event loop, whose timers never fire early.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import time
from collections.abc import Collection
from typing import cast

import click
from dnslib import CLASS, QTYPE, RCODE, RR, TXT, A, DNSError, DNSRecord

from servers import LOOPBACK
from servers.process import end_with

ADDRESS = "192.0.2.1"
"""The address of every name: one reserved for documentation (RFC 5737)."""

Peer = tuple[str, int]


class NameServer(asyncio.DatagramProtocol):
    """Answers for ``names``, in lower case and without a final dot, after ``delay`` seconds.

    A query that a client repeats while the first one waits counts once.
    """

    def __init__(self, names: Collection[str], delay: float) -> None:
        self.names = frozenset(names)
        self.delay = delay
        self.waiting: set[tuple[Peer, int]] = set()
        self.reset()

    def reset(self) -> None:
        self.served = 0
        self.peak = len(self.waiting)  # queries of an earlier round may still wait
        self.cpu_at_reset = time.process_time()

    def seen(self) -> dict[str, int | float]:
        cpu_seconds = time.process_time() - self.cpu_at_reset
        return {"served": self.served, "peak": self.peak, "cpu_seconds": round(cpu_seconds, 6)}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.loop = asyncio.get_running_loop()

    def datagram_received(self, data: bytes, peer: Peer) -> None:
        came = self.loop.time()
        try:
            query = DNSRecord.parse(data)
        except DNSError:
            return
        if not query.questions:
            return
        name = str(query.q.qname).rstrip(".").lower()
        if query.q.qclass == CLASS.CH:
            self.transport.sendto(self.about_itself(query, name), peer)
            return
        this = (peer, query.header.id)
        if this in self.waiting:
            return
        self.waiting.add(this)
        self.peak = max(self.peak, len(self.waiting))
        answer = self.answer(query, name)
        if self.delay:
            # The delay counts from the arrival: the server's own work is part of it.
            self.loop.call_at(came + self.delay, self.send, this, answer)
        else:
            self.send(this, answer)

    def answer(self, query: DNSRecord, name: str) -> bytes:
        reply = query.reply()
        if name not in self.names:
            reply.header.rcode = RCODE.NXDOMAIN
        elif query.q.qtype == QTYPE.A:
            reply.add_answer(RR(query.q.qname, QTYPE.A, ttl=0, rdata=A(ADDRESS)))
        packed: bytes = reply.pack()
        return packed

    def send(self, this: tuple[Peer, int], answer: bytes) -> None:
        # Before sending: the client may send its next query at once.
        self.waiting.remove(this)
        self.served += 1
        self.transport.sendto(answer, this[0])

    def about_itself(self, query: DNSRecord, name: str) -> bytes:
        if name == "reset":
            self.reset()
        reply = query.reply()
        text = TXT(json.dumps(self.seen()))
        reply.add_answer(RR(query.q.qname, QTYPE.TXT, CLASS.CH, ttl=0, rdata=text))
        packed: bytes = reply.pack()
        return packed


def runs_on() -> dict[str, str]:
    """The interpreter and packages of this server: name -> version."""
    packages = {"dnslib": importlib.metadata.version("dnslib")}
    return {platform.python_implementation(): platform.python_version(), **packages}


async def serve(server: NameServer, host: str, port: int) -> None:
    """Answer at this address until the process ends. When ready, print the port and ``runs_on()`` as
    JSON."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=(host, port)
    )
    _, port = transport.get_extra_info("sockname")
    click.echo(json.dumps({"port": port, "runs_on": runs_on()}))
    await asyncio.Event().wait()


@click.command()
@click.option("--names", default="", help="Names that have an address, separated by commas.")
@click.option("--delay", type=click.FloatRange(min=0), default=0.0, help="Delay in seconds.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 selects a free port.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(names: str, delay: float, port: int, host: str, parent: int | None) -> None:
    """Answer queries for names."""
    if parent is not None:
        end_with(parent)
    asyncio.run(serve(NameServer(names.split(","), delay), host, port))


if __name__ == "__main__":
    main()
