//! The `precinct` command.

fn main() {}
