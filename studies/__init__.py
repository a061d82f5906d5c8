"""Is the tool right? Agreement with pyperf, error rates of the gate, coverage of the intervals."""
