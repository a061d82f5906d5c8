"""pytest in other processes: one child, its plugin, its workspace, and a run of several passes.

May import: measure, results, report, machine, and the ground floor (units, errors, pyproject).
"""
