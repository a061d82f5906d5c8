"""A workload as a program to watch: ``python -m programs.flags``."""
