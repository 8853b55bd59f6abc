//! Reads a command line back from what `--help` prints, for a program that does without clap.

use clap::{Arg, ArgAction, Command};

/// The command that a help text describes: its first line is `NAME - WHAT IT IS`, its flags stand
/// in lines below `Options:` as `  --FLAG VALUE  WHAT IT DOES`, each continued by deeper lines; the
/// paragraphs from `Environment:` on are kept as they are.
#[must_use]
pub fn command_of_help(help: &str) -> Command {
    let mut paragraphs = help.split("\n\n");
    let first = paragraphs.next().unwrap_or_default().trim();
    let (name, about) = first.split_once(" - ").unwrap_or((first, ""));
    let mut command = Command::new(name.to_owned())
        .about(about.to_owned())
        .disable_help_flag(true)
        .disable_version_flag(true);
    let mut described = String::from(about);
    let mut rest = Vec::new();
    for paragraph in paragraphs {
        if let Some(flags) = paragraph.strip_prefix("Options:\n") {
            command = command.args(read_flags(flags));
        } else if paragraph.starts_with("Environment:") || !rest.is_empty() {
            rest.push(paragraph.trim_end());
        } else if !paragraph.starts_with("Usage:") {
            described.push_str("\n\n");
            described.push_str(paragraph);
        }
    }
    command.long_about(described).after_help(rest.join("\n\n"))
}

fn read_flags(lines: &str) -> Vec<Arg> {
    let mut flags: Vec<(String, String)> = Vec::new();
    for line in lines.lines() {
        let begins = line.strip_prefix("  ").filter(|line| line.starts_with('-'));
        match (begins, flags.last_mut()) {
            (Some(line), _) => {
                let (flag, words) = line.split_once("  ").unwrap_or((line, ""));
                flags.push((flag.to_owned(), words.trim().to_owned()));
            }
            (None, Some((_, words))) => {
                words.push(' ');
                words.push_str(line.trim());
            }
            (None, None) => (),
        }
    }
    flags
        .into_iter()
        .map(|(flag, words)| {
            let (name, value) = match flag.split_once(' ') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag.as_str(), None),
            };
            let long = name.trim_start_matches('-').to_owned();
            let arg = Arg::new(long.clone()).long(long).help(words);
            match value {
                Some(value) => arg.value_name(value),
                None => arg.action(ArgAction::SetTrue),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_text_is_read_back() {
        let help = "cooler - keeps it cool\n\nUsage: cooler [--by NAME]\n\nIt does so\nfor long.\n\n\
                    Options:\n  --by NAME  Who does\n             it\n  --help     Print this\n\n\
                    Environment:\n  COOLER  where\n\nExit codes: 0 cool\n";
        let command = command_of_help(help);
        assert_eq!(command.get_name(), "cooler");
        let shown = |words: Option<&clap::builder::StyledStr>| words.map(ToString::to_string);
        let long = shown(command.get_long_about());
        assert_eq!(
            long.as_deref(),
            Some("keeps it cool\n\nIt does so\nfor long.")
        );
        let flags: Vec<_> = command
            .get_arguments()
            .map(|flag| {
                (
                    flag.get_long(),
                    shown(flag.get_help()),
                    flag.get_value_names().is_some(),
                )
            })
            .collect();
        let expected = [
            (Some("by"), Some("Who does it".to_owned()), true),
            (Some("help"), Some("Print this".to_owned()), false),
        ];
        assert_eq!(flags, expected);
        let after = shown(command.get_after_help());
        assert_eq!(
            after.as_deref(),
            Some("Environment:\n  COOLER  where\n\nExit codes: 0 cool")
        );
    }
}
