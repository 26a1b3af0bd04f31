"""What somebody reads who comes upon a history of files."""

README = """\
# What perfgate remembers

[perfgate](https://pypi.org/project/perfgate/) keeps the load-test runs of this project here, to compare new ones with.
It writes these files; nobody needs to edit them, and nothing here belongs to the code.

- `runs/NAME/BRANCH/STARTED,OUTCOME,COMMIT,ID.json`: what a run measured, one file each. Names are percent-encoded.
- `distributions/`: its latency distributions, under the same name.
- `accepted/ID/`: who accepted a run's level as the new normal, and why.
- `charts/DAY/RUN/`: pictures that comments in pull requests show; `perfgate history prune` removes old ones.

To look at them: `perfgate history list`, `perfgate trend`. To forget old ones: `perfgate history prune`.
To take back one run or one acceptance, delete its file.
"""
