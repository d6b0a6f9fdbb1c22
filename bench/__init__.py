"""Benchmarks: `make bench NAME=engines` prints a table and writes `bench/results/engines.json`."""
