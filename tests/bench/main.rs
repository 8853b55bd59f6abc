//! Takes the figures of `docs/performance.md`: each of ours beside the least that the same work
//! costs without us, in one run. A missed target is shown and fails nothing.

use std::io::{self, Write};
use std::path::Path;

use table::Row;

mod contention;
mod pairs;
mod pipe;
mod polling;
mod shim;
mod table;
mod writing;

/// What `cargo bench` adds to the arguments.
const CARGO_SAYS: &str = "--bench";

/// Measures one part of the table.
type Measure = fn() -> Vec<Row>;

/// The parts of the table, each under the name by which a run of it alone asks for it.
const PARTS: [(&str, Measure); 6] = [
    ("shim", shim::rows),
    ("durable", || vec![writing::durable()]),
    ("file", || vec![writing::pushed_over_file()]),
    ("at-once", || vec![writing::pushed_at_once()]),
    ("ssh", || vec![writing::pushed_over_ssh()]),
    ("poll", || vec![polling::row()]),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, socket] = arguments.as_slice()
        && mode == pipe::PUMP
    {
        return pipe::pump(Path::new(socket));
    }
    let named: Vec<String> = arguments.into_iter().filter(|a| a != CARGO_SAYS).collect();
    if let Some((contention::NAME, numbers)) = named
        .split_first()
        .map(|(name, rest)| (name.as_str(), rest))
    {
        return contention::print(numbers);
    }
    let mut out = io::stdout();
    out.write_all(table::HEADING.as_bytes())?;
    for (name, rows) in PARTS {
        if !named.is_empty() && !named.iter().any(|wanted| wanted == name) {
            continue;
        }
        for row in rows() {
            out.write_all(row.line().as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}
