"""Records what was sent: samples, histograms, windows, the result."""
