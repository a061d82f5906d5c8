"""pytest in other processes: one child, the plugin inside it, its workspace, a run of several passes,
the interpreters of this machine and their environments.

May import: measure, results, report, machine, and the ground floor (units, errors, command, pyproject).
"""
