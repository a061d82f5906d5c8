"""How often are the verdicts right?

``measure`` makes many runs of a short matrix, and ``study`` is the file that holds them. ``rules`` are
the ways to choose a model from a run. ``figures`` compares what they say of one run with the pooled
other runs. ``chosen`` finds the constant of ``concurbench.verdicts.pairs`` with which intervals hold.
"""
