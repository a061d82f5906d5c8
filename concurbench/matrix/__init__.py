"""Which interpreter? The same benchmarks over every Python here, in turn.

From the outside in: ``commands`` is what a user calls. ``interpreters`` finds them, ``environments``
gives each one of its own. A *lane* is an interpreter with its environment. ``matrix`` visits the lanes
in turn, slice after slice of the rows, each in a session of its own (``concurbench.child``). ``record``
is the file with all that was measured, ``findings`` what follows from it, and ``table`` shows that.
"""
