"""Did it get slower? Two checkouts of a suite, stepped in turn, judged over blocks.

May import: runner, measure, results, report, machine, and the ground floor (units, errors, pyproject).
``command`` is the way in. ``gate`` requests blocks until each row is judged; ``comparison`` measures
them: ``prepare`` has the two arms ready (``checkout``), ``block`` steps the rows of one block.
``samples`` are the measured pairs, ``record`` is their file. ``decision`` judges without knowing of
processes. ``noise`` is the noise floor of a machine; ``report`` shows.
"""
