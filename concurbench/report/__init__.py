"""What is shown: summary, footnotes, terminal, progress. Others hand it records.

May import: results, units, errors.
"""
