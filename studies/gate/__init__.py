"""How often is the gate wrong, and which slow-downs does it find?

``measure`` takes blocks of identical code and of code with an injected slow-down, and runs gates.
``resample`` draws many gates from these blocks. ``report`` shows the findings.
"""
