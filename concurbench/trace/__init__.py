"""Trace a model while it runs, and draw a timeline of which unit of execution did what when.

It knows no workload. ``recorder`` runs in each of the model's processes and imports the standard
library alone. May import: runner (workspace, reaper), command, units.
"""
