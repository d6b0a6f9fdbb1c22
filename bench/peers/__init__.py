"""The engines that `bench.engines` compares, each one a program of its own: see `catalogue.py`."""
