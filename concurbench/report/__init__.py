"""What is shown: summary, footnotes, terminal, progress. Others hand it records.

May import: results, and the ground floor (units, errors).
"""
