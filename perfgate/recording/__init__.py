"""What a load leaves behind: windows, histograms, and the files that Locust and perfgate hand each other."""
