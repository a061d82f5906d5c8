"""Workloads as programs to watch: ``python -m programs.flags``; ``programs.watch`` runs any workload.

They put impls, servers and ``concurbench.trace`` together.
"""
