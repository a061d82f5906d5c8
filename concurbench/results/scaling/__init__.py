"""How throughput grows with the number of workers: curves, and the scalability law.

May import: what results may.
"""
