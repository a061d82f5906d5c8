"""Whom does each setting of the flags benchmark serve, and whom does it hurt?

``comparisons`` names the settings and the values that are tried. ``rounds`` runs a model with such a
value. ``report`` shows the ratios.
"""
