"""``python -m programs.flags_metadata``: download flags under their countries' names, and watch it."""

from __future__ import annotations

from impls import flags_metadata
from programs.flags import program

main = program(
    "flags_metadata",
    flags_metadata,
    model="asyncio_short_holds",
    what="each under the name of its country, which takes a second request",
    apart=True,  # of two countries of one name the second is refused, and that is seen by the file
)

if __name__ == "__main__":
    main()
