"""What follows from a run: rows compared in pairs, and which model to take.

May import: results, units, errors.
"""
