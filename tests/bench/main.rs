//! Takes the figures of `docs/performance.md`: each of ours beside the least that the same work
//! costs without us, in one run. A missed target is shown and fails nothing.

use std::io::{self, Write};
use std::path::Path;

use table::Row;

mod pairs;
mod pipe;
mod polling;
mod shim;
mod table;
mod writing;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, socket] = arguments.as_slice()
        && mode == pipe::PUMP
    {
        return pipe::pump(Path::new(socket));
    }
    let mut out = io::stdout();
    out.write_all(table::HEADING.as_bytes())?;
    let parts: [fn() -> Vec<Row>; 6] = [
        shim::rows,
        || vec![writing::durable()],
        || vec![writing::pushed_over_file()],
        || vec![writing::pushed_at_once()],
        || vec![writing::pushed_over_ssh()],
        || vec![polling::row()],
    ];
    for part in parts {
        for row in part() {
            out.write_all(row.line().as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}
