"""Did it get slower? Two checkouts of a suite, stepped in turn, judged over blocks.

From the outside in: ``commands`` is what a user calls. ``gate`` asks for blocks until each row is
judged, ``comparison`` has the two sides ready and measures a block, ``block`` steps the rows of
one, ``side`` is a live pytest process, and ``inside/`` holds what runs within that. ``checkout`` and
``environment`` prepare the sides. ``pairs`` is what was measured, ``record`` its file. ``decision``
judges: it knows no processes, and nothing else here knows statistics. ``noise``, ``study`` and
``resample`` say how far a judgement can be trusted on a machine; ``report`` shows.
"""
