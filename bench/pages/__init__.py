"""Pages: are known faults found, does an unchanged page stay green, and how does it compare with Lighthouse?"""
