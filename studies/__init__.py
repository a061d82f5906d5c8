"""Studies of the tool itself: agreement with pyperf, errors of the gate, coverage of the intervals,
effects of the settings.

Each is a command, ``python -m studies.NAME``, and keeps its measurements as JSON lines. Studies may
import every package; no package imports them. ``blocks`` puts the output of commands into pages.
"""
