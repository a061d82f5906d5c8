"""A certificate for one run of a server, from an authority of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """The files of a certificate, in PEM format."""

    authority: Path
    """The authority that clients have to trust."""
    server: Path
    """The key and the certificates of the server."""


def issue(hosts: Iterable[str], folder: Path) -> Certificate:
    """A new certificate for these hosts, names or addresses, in ``folder``."""
    import trustme  # only a server that speaks TLS needs it

    found = Certificate(folder / "authority.pem", folder / "server.pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(found.authority))
    issued = authority.issue_cert(*dict.fromkeys(hosts))
    issued.private_key_and_cert_chain_pem.write_to_path(str(found.server))
    return found
