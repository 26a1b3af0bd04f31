"""The shape of a budget file: keys, types, units, and the wording of mistakes."""
