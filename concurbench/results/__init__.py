"""What is kept: the records of a run, reading and writing them, and what follows from them.

May import: machine, units, errors.
"""
