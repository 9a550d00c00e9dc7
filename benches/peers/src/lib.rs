//! Other engines on the decisions of precinct's benchmarks; see `benches/`.
