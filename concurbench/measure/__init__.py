"""One session of pytest: its rows and rounds, and all that is measured around them.

May import: results, machine, aio, pyproject, units, errors.
"""
