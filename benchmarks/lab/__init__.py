"""What the benchmarks share: the workload, the recorder of statements, the servers and the load."""
