"""A history in small files: on a git branch, in a folder, in object storage, through GitHub's API."""
