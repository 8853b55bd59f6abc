//! Takes the figures of `docs/performance.md`: each of ours beside the least that the same work
//! costs without us, in one run. A missed target is shown and fails nothing.

use std::io::{self, Write};
use std::path::Path;

use over::Over;
use table::Row;

mod backlog;
mod contention;
mod over;
mod pairs;
mod pipe;
mod polling;
mod shim;
mod table;
mod writing;

/// What `cargo bench` adds to the arguments.
const CARGO_SAYS: &str = "--bench";

/// Before the number of times that each row is taken.
const RUNS: &str = "--runs";

/// Rows under the name by which a run of them alone asks for them.
type Part = (&'static str, fn() -> Vec<Row>);

/// Measures some rows, once.
type Measure = Box<dyn Fn() -> Vec<Row>>;

/// The parts of the table. The rows of many writers come last, since whatever follows
/// [`contention::NAME`] chooses among them.
const PARTS: [Part; 8] = [
    ("shim", shim::rows),
    ("durable", || vec![writing::durable()]),
    ("backlog", backlog::rows),
    ("file", || vec![writing::pushed(Over::File)]),
    ("at-once", || vec![writing::pushed_at_once()]),
    ("http", || vec![writing::pushed(Over::Http)]),
    ("ssh", || vec![writing::pushed(Over::Ssh)]),
    ("poll", polling::rows),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, socket] = arguments.as_slice()
        && mode == pipe::PUMP
    {
        return pipe::pump(Path::new(socket));
    }
    let words = arguments.into_iter().filter(|word| word != CARGO_SAYS);
    let (runs_len, words) = runs_len(words.collect())?;
    let measures = wanted(&words)?;
    let mut out = io::stdout();
    out.write_all(table::HEADING.as_bytes())?;
    for measure in measures {
        let runs: Vec<Vec<Row>> = (0..runs_len).map(|_| measure()).collect();
        for place in 0..runs[0].len() {
            let same: Vec<&Row> = runs.iter().map(|rows| &rows[place]).collect();
            out.write_all(table::line(&same).as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

/// How often each row is taken, and the words that choose rows.
fn runs_len(mut words: Vec<String>) -> io::Result<(usize, Vec<String>)> {
    let Some(at) = words.iter().position(|word| word == RUNS) else {
        return Ok((1, words));
    };
    let runs_len = words.get(at + 1).and_then(|word| word.parse().ok());
    let runs_len = runs_len.filter(|runs| *runs > 0);
    let runs_len = runs_len.ok_or_else(|| wrong("after --runs: a number".to_owned()))?;
    words.drain(at..at + 2);
    Ok((runs_len, words))
}

/// What these words choose; all of it where there are none.
fn wanted(words: &[String]) -> io::Result<Vec<Measure>> {
    let contention = words.iter().position(|word| word == contention::NAME);
    let (parts, cases) = words.split_at(contention.unwrap_or(words.len()));
    let is_known = |word: &&String| PARTS.iter().any(|(name, _)| name == word);
    if let Some(unknown) = parts.iter().find(|word| !is_known(word)) {
        let known = PARTS.map(|(name, _)| name).join(", ");
        let name = contention::NAME;
        return Err(wrong(format!(
            "'{unknown}' is no row; there are: {known}, {name}"
        )));
    }
    let all = words.is_empty();
    let chosen = PARTS
        .iter()
        .filter(|(name, _)| all || parts.iter().any(|word| word == name));
    let mut measures: Vec<Measure> = chosen.map(|(_, rows)| Box::new(rows) as Measure).collect();
    if all || contention.is_some() {
        for case in contention::cases(cases.get(1..).unwrap_or_default())? {
            measures.push(Box::new(move || case.rows()));
        }
    }
    Ok(measures)
}

fn wrong(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, words)
}
