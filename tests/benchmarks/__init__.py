"""Benchmarks: measured, printed as ratios against a floor of the same run, never asserted."""
