"""Workloads as programs to watch: ``python -m programs.flags``; ``programs.watch`` runs any workload.

They put impls, servers and ``concurbench.trace`` together and print what a model does. They measure and
save nothing: ``tests/test_architecture.py`` lists the parts of the tool that they may import.
"""
