"""Measure, keep and show benchmarks one can trust: for any suite built on pytest-benchmark.

This package knows no workload. ``plugin`` is its pytest plugin; every other module is one noun.
"""
