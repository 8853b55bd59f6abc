# What CI runs, by name. `just` is a convenience: every recipe is one command that works without it.

# Format, lints, documentation and licences.
check:
    ./tests/run.sh check

# Everything.
test *suites:
    ./tests/run.sh {{suites}}

# Property tests at full strength.
property:
    PROPTEST_CASES=10000 cargo test --release -p threads -p sync-engine

# The parser's fuzz target; needs a nightly compiler and cargo-fuzz.
fuzz seconds="60":
    cd crates/threads && cargo +nightly fuzz run parse -- -max_total_time={{seconds}}

# Licences and advisories; needs cargo-deny.
licences:
    cargo deny check

# Build and start from this checkout.
install *arguments:
    ./installer/install.sh {{arguments}}
