"""One run in several passes: which of its numbers would come out again?

From the outside in: ``commands`` is what a user calls, and ``making`` does it. A *pass* is a visit to
the rows of a ``suite`` in a fresh process (``concurbench.child``). ``run`` makes one after another,
``order`` says which rows come when, ``merge`` makes one run of all passes, and ``keeping`` compares and
saves it. ``study`` shows on a machine how often the intervals hold.
"""
