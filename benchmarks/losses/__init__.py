"""Where a download loses time: the parts of its work that a round can do without.

Each part has a substitute that takes next to no time, in ``client``, ``pool`` and ``network``. A round
with one part removed shows how much time that part alone costs. The substitutes need the internals of
httpcore and asyncio. A part that a model does not use in this way is left out.
"""

from benchmarks.losses.parts import Part, parts

__all__ = ["Part", "parts"]
