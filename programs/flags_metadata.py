"""``python -m programs.flags_metadata``: download flags under their countries' names."""

from __future__ import annotations

from impls import flags_metadata
from programs.flags import program

main = program(
    "flags_metadata",
    flags_metadata,
    model="asyncio_short_holds",
    what="each under the name of its country, which takes a second request",
    # The models refuse the second of two countries of one name, whose file they find in the folder.
    separate=True,
)

if __name__ == "__main__":
    main()
