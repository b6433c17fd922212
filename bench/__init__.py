"""Benchmarks of the points ledger: `./dev bench [NAME]`. Each measures both sides of its ratio in one run."""
