"""Benchmarks of time and memory; each module but the private ones is a command."""
