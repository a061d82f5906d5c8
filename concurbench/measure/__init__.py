"""One session of pytest: its rounds, and all that is measured around them.

May import: results, machine, and the ground floor (units, errors, pyproject).
"""
