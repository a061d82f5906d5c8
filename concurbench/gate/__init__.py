"""Did it get slower? Two revisions of a suite are stepped in turn, and judged block by block.

``command`` is the user's entry, ``gate`` the loop, ``comparison`` measures a ``block`` of ``samples``,
and ``decision`` judges them. May import machine, results, measure, runner, report, units and errors.
"""
