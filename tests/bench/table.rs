//! The one table that a run prints: a line a row, with its target and whether that was met.

use crate::pairs::Pairs;

/// The heading of the table.
pub(crate) const HEADING: &str = "\
| what | beside | target | ratio | of each run | of minima | ours | theirs | taken | met |
|---|---|--:|--:|--:|--:|--:|--:|--:|:-:|
";

/// What stands where there is nothing to say.
const NOTHING: &str = "";

/// One comparison, as one run gave it.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    beside: &'static str,
    target: Target,
    unit: Unit,
    ours: Side,
    theirs: Option<Side>,
}

/// How ours, divided by theirs, must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// The row only explains another.
    None,
    /// At most so many times theirs.
    AtMost(f64),
    /// At least so many times theirs.
    AtLeast(f64),
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Of time.
    Seconds,
    /// How many a second.
    PerSecond,
    /// Of a hundred.
    Percent,
}

/// What was measured of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Side {
    /// The median, or what the row says.
    pub(crate) figure: f64,
    /// The best of what was taken, where that tells anything.
    pub(crate) best: Option<f64>,
    /// Of how many.
    pub(crate) taken: usize,
}

impl Row {
    /// A row of times that were taken in turn.
    pub(crate) fn of_pairs(
        what: impl Into<String>,
        beside: &'static str,
        target: Target,
        pairs: &Pairs,
    ) -> Self {
        let (ours, theirs) = pairs.medians();
        let (our_best, their_best) = pairs.minima();
        let side = |figure: f64, best: f64| Side {
            figure,
            best: Some(best),
            taken: pairs.len(),
        };
        Self {
            what: what.into(),
            beside,
            target,
            unit: Unit::Seconds,
            ours: side(ours.as_secs_f64(), our_best.as_secs_f64()),
            theirs: Some(side(theirs.as_secs_f64(), their_best.as_secs_f64())),
        }
    }

    /// A row of figures that stand for a whole run each; `theirs` where there is anything to compare.
    pub(crate) fn of_sides(
        what: impl Into<String>,
        beside: &'static str,
        (target, unit): (Target, Unit),
        ours: Side,
        theirs: Option<Side>,
    ) -> Self {
        Self {
            what: what.into(),
            beside,
            target,
            unit,
            ours,
            theirs,
        }
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.ours.figure / self.theirs?.figure)
    }

    fn ratio_of_best(&self) -> Option<f64> {
        Some(self.ours.best? / self.theirs?.best?)
    }
}

impl Side {
    /// One figure of so many.
    pub(crate) fn of(figure: f64, taken: usize) -> Self {
        Self {
            figure,
            best: None,
            taken,
        }
    }
}

/// The same row of each run, as a line of the table: medians, and how far the ratios lie apart.
pub(crate) fn line(runs: &[&Row]) -> String {
    let Row {
        what,
        beside,
        target,
        unit,
        ..
    } = runs[0];
    let ratio = median(runs.iter().filter_map(|row| row.ratio()));
    let ours = median(runs.iter().map(|row| row.ours.figure));
    let theirs = median(runs.iter().filter_map(|row| Some(row.theirs?.figure)));
    let times = |ratio: Option<f64>| ratio.map_or(NOTHING.to_owned(), |one| format!("{one:.2}×"));
    let figure = |one: Option<f64>| one.map_or(NOTHING.to_owned(), |one| unit.shown(one));
    format!(
        "| {what} | {beside} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        target.shown(),
        times(ratio),
        spread(runs),
        times(median(runs.iter().filter_map(|row| row.ratio_of_best()))),
        figure(ours),
        figure(theirs),
        taken(runs),
        ratio.map_or(NOTHING, |ratio| target.met(ratio)),
    )
}

/// The least and the most of the ratios, where there are several.
fn spread(runs: &[&Row]) -> String {
    let mut ratios: Vec<f64> = runs.iter().filter_map(|row| row.ratio()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    match ratios.as_slice() {
        [] | [_] => NOTHING.to_owned(),
        [least, .., most] => format!("{least:.2}–{most:.2}"),
    }
}

/// How many were taken in all runs: one number where both sides have the same.
fn taken(runs: &[&Row]) -> String {
    let ours: usize = runs.iter().map(|row| row.ours.taken).sum();
    let theirs: Option<usize> = runs.iter().map(|row| Some(row.theirs?.taken)).sum();
    match theirs {
        Some(theirs) if theirs != ours => format!("{ours}, {theirs}"),
        Some(_) | None => ours.to_string(),
    }
}

/// The median; of an even number the greater of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

impl Target {
    fn shown(self) -> String {
        match self {
            Self::None => NOTHING.to_owned(),
            Self::AtMost(most) => format!("≤ {most}×"),
            Self::AtLeast(least) => format!("≥ {least}×"),
        }
    }

    fn met(self, ratio: f64) -> &'static str {
        let met = match self {
            Self::None => return NOTHING,
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
        };
        if met { "yes" } else { "NO" }
    }
}

impl Unit {
    fn shown(self, figure: f64) -> String {
        match self {
            Self::Seconds if figure < 1e-3 => format!("{:.0} µs", figure * 1e6),
            Self::Seconds if figure < 1.0 => format!("{:.1} ms", figure * 1e3),
            Self::Seconds => format!("{figure:.1} s"),
            Self::PerSecond if figure < 10.0 => format!("{figure:.2}/s"),
            Self::PerSecond => format!("{figure:.1}/s"),
            Self::Percent => format!("{figure:.0} %"),
        }
    }
}
