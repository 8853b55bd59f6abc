//! The names nearest to one that is not there.

/// How like two names must be to be worth a mention, from 0 to 1.
const LIKENESS_MIN: f64 = 0.55;

/// At most `n` of the names in `among` that are like `wanted`, the likest first; names that hold
/// it, or that it holds, come before the rest.
pub fn nearest<'n>(wanted: &str, among: impl Iterator<Item = &'n str>, n: usize) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut ranked: Vec<(f64, &str)> = among
        .filter_map(|name| {
            let likeness = likeness(&wanted, &name.to_lowercase());
            (likeness >= LIKENESS_MIN).then_some((likeness, name))
        })
        .collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    ranked
        .into_iter()
        .take(n)
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn likeness(wanted: &str, name: &str) -> f64 {
    let spelled = strsim::normalized_damerau_levenshtein(wanted, name);
    let held =
        !wanted.is_empty() && !name.is_empty() && (name.contains(wanted) || wanted.contains(name));
    if held { 1.0 + spelled } else { spelled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, expected: &[&str]) {
        let topics = [
            "auth-refactor",
            "auth",
            "release-1.2",
            "release-1.3",
            "Flaky-Tests",
        ];
        assert_eq!(nearest(wanted, topics.into_iter(), 2), expected, "{wanted}");
    }

    #[test]
    fn the_likest_come_first() {
        check("auth-refator", &["auth", "auth-refactor"]);
        check("AUTH", &["auth", "auth-refactor"]);
        check("release-1.4", &["release-1.2", "release-1.3"]);
        check("flaky-test", &["Flaky-Tests"]);
        check("something else", &[]);
        check("", &[]);
    }
}
