//! Who speaks on the command line: the flag, the variable, else the coding agent that runs us.

use std::collections::BTreeMap;

/// What a coding agent sets for the commands that it runs, and its name in the canonical table.
///
/// Only variables that a person's own shell does not carry: `CODEX_HOME` and `CURSOR_TRACE_ID`, for
/// instance, stand in those too. The first that is set and not empty counts.
const MARKERS: [(&str, &str); 15] = [
    ("CLAUDECODE", "Claude"),
    ("CODEX_SANDBOX", "Codex"),
    ("CODEX_SANDBOX_NETWORK_DISABLED", "Codex"),
    ("CODEX_THREAD_ID", "Codex"),
    ("CODEX_CI", "Codex"),
    ("CURSOR_AGENT", "Cursor"),
    ("GEMINI_CLI", "Gemini"),
    ("QWEN_CODE", "Qwen"),
    ("COPILOT_CLI", "Copilot"),
    ("OPENCODE", "OpenCode"),
    ("CLINE_ACTIVE", "Cline"),
    ("GOOSE_TERMINAL", "Goose"),
    ("AUGMENT_AGENT", "Augment"),
    ("ANTIGRAVITY_AGENT", "Antigravity"),
    ("CRUSH", "Crush"),
];

/// The agent's name, or none where a person speaks.
pub(crate) fn agent(flag: Option<&str>, environment: &BTreeMap<String, String>) -> Option<String> {
    let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    named(flag, environment).or_else(|| {
        let marker = MARKERS.iter().find(|(name, _)| is_set(name));
        marker.map(|(_, agent)| (*agent).to_owned())
    })
}

/// The agent's name, where the flag or the variable says it.
pub(crate) fn named(flag: Option<&str>, environment: &BTreeMap<String, String>) -> Option<String> {
    let variable = environment.get("WATERCOOLER_AGENT");
    let variable = variable.filter(|value| !value.is_empty());
    flag.map(str::to_owned).or_else(|| variable.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flag: Option<&str>, variables: &[(&str, &str)], expected: Option<&str>) {
        let pairs = variables.iter();
        let environment = pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        assert_eq!(
            agent(flag, &environment).as_deref(),
            expected,
            "{flag:?} {variables:?}"
        );
    }

    #[test]
    fn the_flag_then_the_variable_then_the_marker_count() {
        check(None, &[], None);
        check(None, &[("CLAUDECODE", "1")], Some("Claude"));
        check(None, &[("CODEX_SANDBOX", "seatbelt")], Some("Codex"));
        check(None, &[("CURSOR_AGENT", "1")], Some("Cursor"));
        check(None, &[("GEMINI_CLI", "1")], Some("Gemini"));
        let variable = ("WATERCOOLER_AGENT", "Codex");
        check(None, &[("CLAUDECODE", "1"), variable], Some("Codex"));
        check(Some("Mine"), &[("CLAUDECODE", "1"), variable], Some("Mine"));
    }

    #[test]
    fn an_empty_variable_or_a_persons_own_is_no_marker() {
        check(None, &[("CLAUDECODE", ""), ("WATERCOOLER_AGENT", "")], None);
        check(
            None,
            &[
                ("CODEX_HOME", "/home/alice/.codex"),
                ("CURSOR_TRACE_ID", "x"),
            ],
            None,
        );
    }
}
