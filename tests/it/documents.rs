//! What the documents tell an agent exists: every block of settings can be read, every command and
//! every tool is there.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use tests::cli::Ran;
use tests::machine::Machine;
use tests::programs::Program;
use tests::scratch;
use tests::settings::Settings;
use tests::shim::Shim;

const DOCUMENTS: [&str; 2] = ["docs/agents.md", "docs/SKILL.md"];

/// Tools of the Python server are named where it is said that they are understood.
const TOOL_PREFIX: &str = "watercooler_";

fn text(document: &str) -> String {
    fs::read_to_string(scratch::workspace().join(document)).expect("the document is there")
}

/// The fenced blocks of a document: what each is written in, and its text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => (),
        }
    }
    assert!(open.is_none(), "a block is left open");
    blocks
}

/// The commands of `watercooler` that a document names: in code spans, in lines of shell, and as
/// `command` of settings.
fn commands(text: &str) -> BTreeSet<String> {
    let mut lines: Vec<String> = Vec::new();
    for (language, block) in blocks(text) {
        match language.as_str() {
            "json" => {
                let document = serde_json::from_str(&block).expect("JSON");
                named_in(&document, &mut lines);
            }
            _ => lines.extend(block.lines().map(str::to_owned)),
        }
    }
    let spans = text.split('`').skip(1).step_by(2);
    lines.extend(spans.map(str::to_owned));
    let ours = lines
        .into_iter()
        .filter(|line| line.starts_with("watercooler "));
    ours.collect()
}

fn named_in(settings: &Value, lines: &mut Vec<String>) {
    match settings {
        Value::Object(fields) => {
            lines.extend(
                fields
                    .get("command")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields.values().for_each(|value| named_in(value, lines));
        }
        Value::Array(items) => items.iter().for_each(|item| named_in(item, lines)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

#[test]
fn every_block_of_settings_can_be_read() {
    let mut read = BTreeSet::new();
    for document in DOCUMENTS {
        for (language, block) in blocks(&text(document)) {
            match language.as_str() {
                "json" => {
                    let parsed: Result<Value, _> = serde_json::from_str(&block);
                    assert!(parsed.is_ok_and(|it| it.is_object()), "{document}: {block}");
                }
                "toml" => {
                    let parsed: Result<toml::Table, _> = toml::from_str(&block);
                    assert!(parsed.is_ok_and(|it| !it.is_empty()), "{document}: {block}");
                }
                "sh" => (),
                other => panic!("{document}: a block in {other:?} is not looked at"),
            }
            read.insert(language);
        }
    }
    let expected = ["json", "sh", "toml"].map(str::to_owned);
    assert_eq!(read, BTreeSet::from(expected), "each form is looked at");
}

/// A command's own words: what stands before its first argument of the reader's choosing.
fn check(machine: &Machine, line: &str) {
    // What is quoted is an argument, whatever is in it.
    let unquoted: String = line.split('"').step_by(2).collect();
    let words: Vec<&str> = unquoted.split_whitespace().skip(1).collect();
    let Some((command, rest)) = words.split_first() else {
        return;
    };
    let mut help = machine.command(Program::Cli.path());
    let help = Ran::run(help.args([command, "--help"]), "").done().stdout;
    assert!(
        help.contains(&format!("Usage: watercooler {command}")),
        "{line}: {help}"
    );
    let has_parts = ["hook", "repo", "daemon", "credential"].contains(command);
    for (place, word) in rest.iter().enumerate() {
        let is_flag = word.starts_with("--");
        if is_flag
            || (has_parts && place == 0 && word.chars().all(|c| c.is_lowercase() || c == '-'))
        {
            assert!(help.contains(word), "{line}: {word} is not in: {help}");
        }
        if *word == "--client" {
            for client in rest[place + 1].split('|') {
                assert!(help.contains(client), "{line}: {client}");
            }
        }
    }
}

#[test]
fn every_command_that_is_named_is_there() {
    let machine = Machine::new(&Settings::of("alice"));
    let mut seen = 0;
    for document in DOCUMENTS {
        for line in commands(&text(document)) {
            check(&machine, &line);
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} commands");
}

#[test]
fn every_tool_is_named_and_every_name_is_a_tool() {
    let mut machine = Machine::new(&Settings::of("alice"));
    machine.start();
    let mut claude = Shim::connect(&machine, "claude-code");
    let listed = claude.request("tools/list", json!({}))["result"]["tools"].clone();
    let tools = listed.as_array().expect("tools").iter();
    let tools: BTreeSet<String> = tools
        .filter_map(|tool| tool["name"].as_str().map(str::to_owned))
        .collect();
    for document in DOCUMENTS {
        let text = text(document);
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let named: BTreeSet<String> = text
            .match_indices(TOOL_PREFIX)
            .map(|(at, _)| text[at..].chars().take_while(|c| is_part(*c)).collect())
            .collect();
        assert_eq!(named, tools, "{document}");
    }
}

#[test]
fn the_skill_says_what_it_is_for() {
    let text = text("docs/SKILL.md");
    let header = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    let (header, _) = header.expect("a skill begins with its name and description");
    let fields: Vec<(&str, &str)> = header
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["name", "description"]);
    assert_eq!(fields[0].1, "watercooler");
    // What a client of skills takes at most.
    assert!(fields[1].1.len() <= 1024, "{}", fields[1].1.len());
}
