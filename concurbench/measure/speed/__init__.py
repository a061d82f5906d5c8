"""How fast the machine is: yardsticks, and the parallel capacity of its cores.

May import: results, machine, units, errors.
"""
