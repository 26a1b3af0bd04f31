"""The load engine measured: how fast it is, and how true, next to other tools. See bench/README.md."""
