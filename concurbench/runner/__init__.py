"""pytest in other processes: a child that runs rows, a worker that steps them, the plugin inside both,
their workspace, a run of several passes, the interpreters of this machine and their environments.

May import: measure, results, report, machine, and the ground floor (units, errors, command, pyproject).
"""
