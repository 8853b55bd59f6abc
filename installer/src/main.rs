//! `watercooler-installer`: puts watercooler on a machine, updates it, takes it off.

mod apply;
mod arguments;
mod clients;
mod first_words;
mod pages;
mod plan;
mod programs;
mod receipt;
mod services;
mod step;
mod survey;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use serde_json::json;

use crate::apply::{Apply, Done};
use crate::arguments::{Arguments, Autostart, Deed, Options};
use crate::clients::CLIENTS;
use crate::plan::{Wanted, Wish};
use crate::step::Step;
use crate::survey::{Environment, Survey};

/// Bad usage. Source: the outside contract, section 1.
const USAGE: u8 = 2;

/// What is said to an agent first.
const FIRST_WORDS: [&str; 3] = [
    "List the watercooler threads and tell me what is my turn.",
    "Read the thread 'welcome' and answer in it.",
    "Start a watercooler thread about what we do next, and hand the ball to the team.",
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = match &arguments.deed {
        Deed::Manual { folder } => return ended(false, pages::write(folder)),
        Deed::Install(options)
        | Deed::Update(options)
        | Deed::Uninstall(options)
        | Deed::Plan(options) => options,
    };
    let wish = match wish(options) {
        Ok(wish) => wish,
        Err(error) => {
            tell_problem(options.json, &format!("{error:#}"));
            return ExitCode::from(USAGE);
        }
    };
    match run(&arguments.deed, options, &wish) {
        Ok(exit) => exit,
        Err(error) => ended(options.json, Err(error)),
    }
}

fn ended(as_json: bool, ended: anyhow::Result<()>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell_problem(as_json, &format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn tell_problem(as_json: bool, words: &str) {
    if as_json {
        say(&json!({"error": {"message": words}}).to_string());
    }
    let _ = writeln!(io::stderr(), "watercooler-installer: {words}");
}

fn wish(options: &Options) -> anyhow::Result<Wish> {
    let clients = match options.clients.as_slice() {
        [] => Wanted::Found,
        [none] if none == "none" => Wanted::These(Vec::new()),
        names => Wanted::These(
            names
                .iter()
                .map(|name| known(name))
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Wish {
        clients,
        url: options.url.clone(),
        autostart: options.autostart == Autostart::Yes,
        hooks: options.hooks,
    })
}

fn known(name: &str) -> anyhow::Result<&'static str> {
    let client = clients::named(name).with_context(|| {
        let names: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
        format!(
            "no client is called {name:?}; known are {} and none",
            names.join(", ")
        )
    })?;
    Ok(client.name)
}

fn run(deed: &Deed, options: &Options, wish: &Wish) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process()?;
    let prefix = options
        .prefix
        .as_deref()
        .map(std::path::absolute)
        .transpose()?;
    let survey = Survey::take(&environment, prefix.as_deref())?;
    let off = matches!(deed, Deed::Uninstall(_));
    let steps = if off {
        plan::uninstall(&survey, options.purge)
    } else {
        if survey.programs.is_empty() && !survey.installed("watercooler").is_file() {
            bail!(
                "no programs lie beside this one, in {}",
                survey.source.display()
            );
        }
        plan::install(&survey, wish)
    };
    if options.dry_run || matches!(deed, Deed::Plan(_)) {
        show(&steps, options.json);
        return Ok(ExitCode::SUCCESS);
    }
    if !options.yes && !confirmed(&steps)? {
        bail!("nothing was changed");
    }
    let mut apply = Apply::with(&survey.dirs, survey.receipt.clone());
    let mut noted = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if !options.json {
            say(&format!(
                "[{}/{}] {}",
                number + 1,
                steps.len(),
                step.words()
            ));
        }
        let done = apply
            .step(step)
            .with_context(|| format!("{}: not done; run it again to go on", step.words()))?;
        match done {
            Done::Quietly => (),
            Done::Shown(words) if options.json => drop(words),
            Done::Shown(words) => say(&indented(&words)),
            Done::Noted(words) => {
                if !options.json {
                    say(&indented(&words));
                }
                noted.push(words);
            }
        }
    }
    let exit = apply.exit;
    if off {
        apply.finish_removal()?;
    }
    ending(&survey, off, options, &steps, &noted);
    Ok(ExitCode::from(exit))
}

fn indented(words: &str) -> String {
    let lines: Vec<String> = words.lines().map(|line| format!("      {line}")).collect();
    lines.join("\n")
}

fn show(steps: &[Step], as_json: bool) {
    if as_json {
        let steps: Vec<_> = steps.iter().map(Step::document).collect();
        return say(&json!({"steps": steps}).to_string());
    }
    if steps.is_empty() {
        return say("Nothing is to be done.");
    }
    for (number, step) in steps.iter().enumerate() {
        say(&format!("{:2}. {}", number + 1, step.words()));
        if let Some(undoing) = step.undoing() {
            say(&format!("    undone by: {undoing}"));
        }
    }
}

fn ending(survey: &Survey, off: bool, options: &Options, steps: &[Step], noted: &[String]) {
    if options.json {
        let steps: Vec<_> = steps.iter().map(Step::document).collect();
        return say(&json!({"done": steps, "noted": noted}).to_string());
    }
    if off {
        return say(if options.purge {
            "Everything is gone."
        } else {
            "It is off. Your settings and threads are where they were; --purge removes them too."
        });
    }
    if !survey.bin_in_path {
        say(&format!(
            "{} is not in PATH; add this line to your shell's profile:\n    export PATH=\"{}:$PATH\"",
            survey.bin.display(),
            survey.bin.display()
        ));
    }
    say("Done. Say to your agent:");
    for words in FIRST_WORDS {
        say(&format!("    {words}"));
    }
}

/// Shows the steps and asks; without a terminal there is nobody to ask.
fn confirmed(steps: &[Step]) -> anyhow::Result<bool> {
    if steps.is_empty() {
        return Ok(true);
    }
    show(steps, false);
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked here; give --yes to do these steps, or --dry-run to see them");
    }
    let _ = write!(io::stdout(), "Do these {} steps? [y/N] ", steps.len());
    let _ = io::stdout().flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn say(line: &str) {
    // Where this cannot be printed there is nobody to tell.
    let _ = writeln!(io::stdout(), "{line}");
}
