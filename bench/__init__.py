"""Benchmarks beside a peer engine: `python -m bench`, or `make bench`."""
