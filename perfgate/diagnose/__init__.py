"""Which layer moved, and why: exact attribution, evidence of probes, and rules. Nothing here changes a verdict."""
