"""Trace a model while it runs, and draw a timeline of which unit of execution did what when.

It knows no workload. It may import ``runner`` (workspace, reaper), ``report.text``, ``command`` and
``units``; ``recorder`` runs in each of the model's processes and imports the standard library alone.
"""
