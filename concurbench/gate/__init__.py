"""Did it get slower? Two revisions of a suite are stepped in turn, and judged block by block.

``gate`` is the loop, ``comparison`` measures a ``block`` of ``samples``, and ``decision`` judges them.
May import: runner, measure, results, machine, pyproject, units, errors.
"""
