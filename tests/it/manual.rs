//! The manual pages and completions: of every command, and nothing wrong with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tests::cli::Ran;
use tests::machine::Machine;

/// Below the folder, one for each shell.
const COMPLETIONS: [&str; 3] = [
    "bash-completion/completions/watercooler",
    "zsh/site-functions/_watercooler",
    "fish/vendor_completions.d/watercooler.fish",
];

/// The commands below these words, as the help names them; each by all its words.
fn commands(machine: &Machine, above: &[&str]) -> BTreeSet<Vec<String>> {
    let mut asked = above.to_vec();
    asked.push("-h");
    let help = machine.cli(&asked).done().stdout;
    let mut found = BTreeSet::new();
    let listed = help.split_once("Commands:\n").map(|(_, rest)| rest);
    let listed = listed.and_then(|rest| rest.split("\n\n").next());
    for line in listed.unwrap_or_default().lines() {
        let begins = line
            .strip_prefix("  ")
            .filter(|line| !line.starts_with(' '));
        let name = begins.and_then(|line| line.split(' ').next());
        let Some(name) = name.filter(|name| *name != "help") else {
            continue;
        };
        let mut words = above.to_vec();
        words.push(name);
        found.extend(commands(machine, &words));
        found.insert(words.into_iter().map(str::to_owned).collect());
    }
    found
}

/// Whether a program of the system finds no error in the pages; it is said where there is none.
#[expect(clippy::print_stdout, reason = "what could not run must be seen")]
fn is_sound(machine: &Machine, program: &str, arguments: &[&str], page: &Path) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        println!("*** SKIPPED: there is no {program}");
        return false;
    }
    let mut command = machine.command(program);
    command.env("LC_ALL", "C.UTF-8").args(arguments).arg(page);
    let ran = Ran::run(&mut command, "").done();
    assert_eq!(ran.stderr, "", "{}", page.display());
    true
}

#[test]
fn every_command_has_its_page_and_is_completed() {
    let machine = Machine::without_settings();
    let folder = machine.root().join("share");
    let _written = machine
        .cli(&["manual", folder.to_str().expect("text")])
        .done();
    let commands = commands(&machine, &[]);
    assert!(commands.len() > 30, "{commands:?}");
    let pages = folder.join("man/man1");
    let mut expected: BTreeSet<String> = commands
        .iter()
        .map(|words| format!("watercooler-{}.1", words.join("-")))
        .collect();
    expected.insert("watercooler.1".to_owned());
    let found: BTreeSet<String> = fs::read_dir(&pages)
        .expect("the pages were written")
        .map(|entry| {
            entry
                .expect("it is there")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    assert_eq!(found, expected);
    for file in COMPLETIONS {
        let text = fs::read_to_string(folder.join(file)).expect("it was written");
        for word in commands.iter().flatten() {
            assert!(text.contains(word.as_str()), "{file}: {word}");
        }
        for hidden in ["manual", "inbox"] {
            let named = text.split(|letter: char| !letter.is_alphanumeric());
            assert!(
                !named.into_iter().any(|word| word == hidden),
                "{file}: {hidden}"
            );
        }
    }
    let bash = folder.join(COMPLETIONS[0]);
    let _read = Ran::run(machine.command("bash").arg("-n").arg(&bash), "").done();
    for page in &found {
        let page = pages.join(page);
        let _read = is_sound(&machine, "man", &["--warnings", "-l"], &page)
            && is_sound(&machine, "mandoc", &["-T", "lint", "-W", "error"], &page);
    }
}

#[test]
fn what_bash_completes_is_what_there_is() {
    let machine = Machine::without_settings();
    let folder = machine.root().join("share");
    let _written = machine
        .cli(&["manual", folder.to_str().expect("text")])
        .done();
    let check = |words: &str, expected: &str| {
        let script = format!(
            "source {}/{}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _watercooler watercooler \"${{COMP_WORDS[COMP_CWORD]}}\"; echo \"${{COMPREPLY[@]}}\"",
            folder.display(),
            COMPLETIONS[0],
        );
        let ran = Ran::run(machine.command("bash").args(["-c", &script]), "").done();
        assert_eq!(ran.stdout.trim(), expected, "{words}");
    };
    check("watercooler han", "handoff");
    check("watercooler daemon st", "start stop");
    check("watercooler credential add --dep", "--deploy-key");
    check("watercooler inb", "");
}
