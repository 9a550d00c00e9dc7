# What people run every day. `just` lists it.

default:
    @just --list

# Everything that a submission has to pass.
ci:
    .ci/run

# All tests.
test:
    cargo test --workspace

# Every recorded evaluation on both engines (a tenth of the captured ones natively): takes about half an hour.
conformance:
    cargo run --release -p precinct-cli -- conformance tests/cases --engine both
    cargo run --release -p precinct-cli -- conformance ../shared/opa/eval/v1 --engine both
    cargo run --release -p precinct-cli -- conformance ../shared/opa/eval/v0 --engine both
    cargo run --release -p precinct-cli -- conformance ../shared/opa/captured/eval.jsonl --engine interpreter
    cargo run --release -p precinct-cli -- conformance ../shared/opa/captured/eval.jsonl --engine both --every 10

# Formatting and lints, mended where a tool can do it.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# The lints, as in CI.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The API documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences and advisories of the dependencies (needs cargo-deny).
deny:
    cargo deny check

# Records the plans of `tests/plans/source` from a real OPA; its path is the argument.
record-plans OPA:
    cargo run -p precinct-conformance --bin record-plans -- {{OPA}} tests/plans/source tests/plans

# Records the traces and coverage of `tests/traces/source` from a real OPA; its path is the argument.
record-traces OPA:
    cargo run -p precinct-conformance --bin record-traces -- {{OPA}} tests/traces/source tests/traces

# Random policies against a real OPA (needs Go); `just differential --cases 100000 --seed 1`.
differential *ARGS:
    cargo run --release -p precinct-differential -- {{ARGS}}
