"""Statistics as pure functions of numbers and histograms: numpy and the standard library only, no decisions.

| module | what it has |
|---|---|
| `special` | incomplete beta, digamma, trigamma |
| `distributions` | normal, Student's t, beta, beta-binomial |
| `multiplicity` | Holm, Benjamini-Hochberg |
| `proportions` | intervals and tests of shares, with effective sample sizes |
| `quantiles` | quantiles and shares of histograms, intervals from order statistics |
| `two_samples` | a quantile of two arms that requests were dealt to at random |
| `serial` | the variance of sums over time whose parts depend on each other |
"""
