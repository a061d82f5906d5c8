"""pytest in other processes: a child that runs rows, a worker that steps them, the plugin inside both,
their workspace and environments, and a run of several passes.

May import: measure, report, results, machine, command, pyproject, units, errors.
"""
