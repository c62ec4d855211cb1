//! Load generator, provider simulators and benchmarks.
