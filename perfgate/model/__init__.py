"""The words of perfgate as frozen dataclasses: no behaviour, no imports of anything above.

Seconds, bytes and ratios (0 to 1) throughout; milliseconds and per cent exist only where people read (`text/units.py`).
"""
