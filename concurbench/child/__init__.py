"""Somebody else's pytest: a session in a process of its own, run by a command.

``session`` starts one, waits for it and reads what it left; ``inside/`` holds what runs within it.
"""
