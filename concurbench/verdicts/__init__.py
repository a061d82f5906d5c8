"""What follows from a run: rows compared in pairs, which model to take, and how many workers.

May import: results, units, errors.
"""
