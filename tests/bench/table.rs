//! The one table that a run prints: a line a row, with its target and whether that was met.

use std::time::Duration;

use crate::pairs::Pairs;

/// The heading of the table.
pub(crate) const HEADING: &str = "\
| what | beside | target | ratio | of minima | ours | theirs | pairs | met |
|---|---|--:|--:|--:|--:|--:|--:|:-:|
";

/// One comparison.
#[derive(Debug)]
pub(crate) struct Row {
    /// What of ours was taken.
    pub(crate) what: &'static str,
    /// What it stands beside.
    pub(crate) beside: &'static str,
    /// How many times theirs ours may take; `None` for a row that only explains the one above.
    pub(crate) ratio_max: Option<f64>,
    /// What was measured.
    pub(crate) pairs: Pairs,
}

impl Row {
    /// As a line of the table.
    pub(crate) fn line(&self) -> String {
        let (ours, theirs) = self.pairs.medians();
        let ratio = of(self.pairs.medians());
        let (target, met) = match self.ratio_max {
            Some(most) => (
                format!("≤ {most}×"),
                if ratio <= most { "yes" } else { "NO" },
            ),
            None => (String::new(), ""),
        };
        format!(
            "| {} | {} | {target} | {ratio:.2}× | {:.2}× | {} | {} | {} | {met} |\n",
            self.what,
            self.beside,
            of(self.pairs.minima()),
            shown(ours),
            shown(theirs),
            self.pairs.len(),
        )
    }
}

fn of((ours, theirs): (Duration, Duration)) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

fn shown(taken: Duration) -> String {
    let ms = taken.as_secs_f64() * 1e3;
    if ms < 1.0 {
        format!("{:.0} µs", ms * 1e3)
    } else {
        format!("{ms:.1} ms")
    }
}
