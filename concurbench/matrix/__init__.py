"""Which interpreter? Runs of the same benchmarks under every Python of this machine, in one table.

May import: runner, measure, results, machine, command, pyproject, units, errors.
"""
