"""The parts of the benchmark that only compute."""
