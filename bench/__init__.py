"""Benchmarks. Each prints a table and writes `bench/results/NAME.json`: `make bench NAME=engines`."""
