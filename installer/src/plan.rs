//! What is to be done, from what is there and what is wanted. Touches nothing.

use std::path::Path;

use crate::clients::{SERVER, edit, hooks, written};
use crate::services;
use crate::step::Step;
use crate::survey::{ClientSeen, HooksSeen, Survey, Text};

/// Which clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those that are found.
    Found,
    /// These, found or not.
    These(Vec<&'static str>),
}

/// What a person wants of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) clients: Wanted,
    pub(crate) url: Option<String>,
    pub(crate) autostart: bool,
    /// Whether clients ask by themselves what waits.
    pub(crate) hooks: bool,
}

/// The steps that put everything on, or bring it up to date; none for what is as wanted.
pub(crate) fn install(survey: &Survey, wish: &Wish) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut replaced = false;
    for (name, same) in &survey.programs {
        let to = survey.installed(name);
        if *same || survey.source == survey.bin {
            continue;
        }
        replaced = true;
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        steps.push(Step::Copy {
            from: survey.source.join(file),
            to,
        });
    }
    if wish.autostart && !survey.packaged {
        at_login(survey, &mut steps);
    }
    if replaced || !survey.daemon_runs {
        steps.push(Step::Start {
            program: survey.installed("watercooler"),
        });
    }
    if let Some(url) = &wish.url {
        steps.push(Step::Remote {
            program: survey.installed("watercooler"),
            url: url.clone(),
        });
    }
    steps.push(Step::FirstThread {
        program: survey.installed("watercooler"),
    });
    steps.push(Step::Greet {
        shim: survey.installed("watercooler-mcp"),
    });
    for seen in &survey.clients {
        let named = match &wish.clients {
            Wanted::Found => seen.used,
            Wanted::These(names) => names.contains(&seen.client.name),
        };
        if named {
            steps.extend(registration(survey, seen));
            let hooks = survey.hooks.iter();
            let hooks = hooks.filter(|hooks| wish.hooks && hooks.hooks.client == seen.client.name);
            steps.extend(hooks.filter_map(|hooks| hooking(survey, hooks)));
        }
    }
    steps
}

/// What puts our hooks into a client's file.
fn hooking(survey: &Survey, seen: &HooksSeen) -> Option<Step> {
    let left_alone = |why: String| {
        let words = format!("{} is left alone: {why}", seen.file.display());
        Some(Step::Tell { words })
    };
    let text = match &seen.text {
        Text::Absent => None,
        Text::Present(text) => Some(text.as_str()),
        Text::Unreadable(why) => return left_alone(why.clone()),
    };
    let program = survey.installed("watercooler");
    let Some(program) = written(&program) else {
        return left_alone("the program's name is no text".to_owned());
    };
    match hooks::put(seen.hooks, text, program) {
        Ok(new) => new.map(|text| Step::Write {
            path: seen.file.clone(),
            text,
            what: seen.hooks.title.to_owned(),
            client: Some(seen.hooks.client),
        }),
        Err(error) => left_alone(error.to_string()),
    }
}

/// What starts the daemon at login, and the tray where it is put on too.
fn at_login(survey: &Survey, steps: &mut Vec<Step>) {
    let mut new = false;
    let units = survey.units.as_deref();
    for unit in units.map_or_else(Vec::new, |folder| services::units(folder, &survey.bin)) {
        let written = file(survey, &unit.path, &unit.text, "the systemd unit");
        new |= written.is_some();
        let is_linked = written.is_none() && survey.receipt.files.contains_key(&unit.link);
        steps.extend(written);
        if !is_linked {
            steps.push(Step::Link {
                path: unit.link,
                to: unit.path,
            });
        }
    }
    if let Some(manager) = survey.manager.clone().filter(|_| new) {
        steps.push(Step::Run {
            program: manager,
            arguments: ["--user", "daemon-reload"].map(str::to_owned).into(),
            what: "Tell systemd".to_owned(),
            instead: "it reads the units at the next login".to_owned(),
            registers: None,
        });
    }
    if units.is_none() {
        steps.extend(login_file(survey, services::Program::Daemon));
    }
    let tray = services::login_file(services::Program::Tray, &survey.places);
    let was_there = survey.receipt.files.contains_key(&tray);
    // The tray's menu takes the file away, or hides it, and that is a person's word.
    let is_unwanted = match survey.files.get(&tray) {
        None | Some(Text::Absent) => was_there,
        Some(Text::Present(text)) => text.lines().any(|line| line.trim() == "Hidden=true"),
        Some(Text::Unreadable(_)) => true,
    };
    if survey.programs.contains_key("watercooler-tray") && !is_unwanted {
        steps.extend(login_file(survey, services::Program::Tray));
    }
}

fn login_file(survey: &Survey, program: services::Program) -> Option<Step> {
    let system = survey.places.system;
    let path = services::login_file(program, &survey.places);
    let text = services::login_text(program, system, &survey.bin);
    file(
        survey,
        &path,
        &text,
        &services::login_words(program, system),
    )
}

/// What writes a file of ours; `None` where it is as it should be.
fn file(survey: &Survey, path: &Path, text: &str, what: &str) -> Option<Step> {
    let is_so = matches!(survey.files.get(path), Some(Text::Present(found)) if found == text);
    (!is_so).then(|| Step::Write {
        path: path.to_owned(),
        text: text.to_owned(),
        what: what.to_owned(),
        client: None,
    })
}

/// What registers our server with one client.
fn registration(survey: &Survey, seen: &ClientSeen) -> Option<Step> {
    let client = seen.client;
    let shim = survey.installed("watercooler-mcp");
    let tell = |words: String| {
        Some(Step::Tell {
            words: format!("{}: {words}", client.title),
        })
    };
    let Some(command) = written(&shim) else {
        return tell(format!(
            "it cannot be told of {}, whose name is no text",
            shim.display()
        ));
    };
    let Some(file) = seen.file.clone() else {
        return tell("it does not run on this system".to_owned());
    };
    let text = match &seen.text {
        Text::Absent => None,
        Text::Present(text) => Some(text.as_str()),
        Text::Unreadable(why) => {
            return tell(format!("{} is left alone: {why}", file.display()));
        }
    };
    let new = match edit::put(client.form, text, command) {
        Ok(Some(new)) => new,
        Ok(None) => return None,
        Err(error) => return tell(format!("{} is left alone: {error}", file.display())),
    };
    // The vendor's program knows no way to change an entry.
    let has_ours = text.is_some_and(|text| {
        edit::command(client.form, text).is_ok_and(|command| command.is_some())
    });
    match seen.vendor.clone().filter(|_| !has_ours) {
        Some(program) => Some(Step::Run {
            program,
            arguments: ["mcp", "add", SERVER, "-s", "user", "--", command]
                .map(str::to_owned)
                .into(),
            what: format!("Register with {}", client.title),
            instead: format!("claude mcp add {SERVER} -s user -- {command}"),
            registers: Some((client.name.to_owned(), true)),
        }),
        None => Some(Step::Write {
            path: file,
            text: new,
            what: format!("{}'s servers", client.title),
            client: Some(client.name),
        }),
    }
}

/// The steps that take off what was put on; with `purge` settings and threads go too.
pub(crate) fn uninstall(survey: &Survey, purge: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let receipt = &survey.receipt;
    if survey.daemon_runs {
        steps.push(Step::Stop {
            program: survey.installed("watercooler"),
        });
    }
    for name in &receipt.registered {
        let seen = survey.clients.iter().find(|seen| seen.client.name == name);
        if let Some((seen, program)) = seen.and_then(|seen| Some((seen, seen.vendor.clone()?))) {
            steps.push(Step::Run {
                program,
                arguments: ["mcp", "remove", SERVER, "-s", "user"]
                    .map(str::to_owned)
                    .into(),
                what: format!("Take it out of {}", seen.client.title),
                instead: format!("claude mcp remove {SERVER} -s user"),
                registers: Some((name.clone(), false)),
            });
        } else if let Some(step) = seen.and_then(removal) {
            steps.push(step);
        }
    }
    for (path, made) in receipt.files.iter().rev() {
        let client = survey.clients.iter();
        let mut client = client.filter(|seen| seen.file.as_ref() == Some(path));
        let mut hooks = survey.hooks.iter().filter(|seen| seen.file == *path);
        let restore = Step::Restore {
            path: path.clone(),
            stood: made.before.is_some(),
        };
        // Where a person or the client wrote there after us, ours alone goes.
        steps.extend(match (client.next(), hooks.next()) {
            (Some(seen), _) if !is_as_written(survey, path, &seen.text) => removal(seen),
            (_, Some(seen)) if !is_as_written(survey, path, &seen.text) => unhooking(seen),
            (Some(_) | None, Some(_) | None) => Some(restore),
        });
    }
    if purge {
        let dirs = &survey.dirs;
        let settings = dirs.config.parent().unwrap_or(&dirs.config).to_owned();
        let threads = dirs.repositories.parent().unwrap_or(&dirs.repositories);
        let places = match &dirs.home {
            Some(home) => vec![(home.clone(), "everything")],
            None => vec![
                (settings, "the settings"),
                (threads.to_owned(), "the threads on this machine"),
                (dirs.state.clone(), "what was not sent yet, and the logs"),
            ],
        };
        steps.extend(places.into_iter().map(|(path, what)| Step::Purge {
            path,
            what: what.to_owned(),
        }));
    }
    if !receipt.folders.is_empty() {
        steps.push(Step::Tidy {
            folders: receipt.folders.iter().rev().cloned().collect(),
        });
    }
    steps
}

/// Takes our server out of a client's file and leaves the rest.
fn removal(seen: &ClientSeen) -> Option<Step> {
    let Text::Present(text) = &seen.text else {
        return None;
    };
    let path = seen.file.clone()?;
    match edit::take(seen.client.form, text) {
        Ok(new) => new.map(|text| Step::Without {
            path,
            text,
            what: format!("{}'s servers", seen.client.title),
        }),
        Err(error) => Some(Step::Tell {
            words: format!(
                "{}: take `{SERVER}` out of {} by hand: {error}",
                seen.client.title,
                path.display()
            ),
        }),
    }
}

/// Takes our hooks out of a client's file and leaves the rest.
fn unhooking(seen: &HooksSeen) -> Option<Step> {
    let Text::Present(text) = &seen.text else {
        return None;
    };
    let path = seen.file.clone();
    match hooks::take(seen.hooks, text) {
        Ok(new) => new.map(|text| Step::Without {
            path,
            text,
            what: seen.hooks.title.to_owned(),
        }),
        Err(error) => Some(Step::Tell {
            words: format!(
                "Take `watercooler hook` out of {} by hand: {error}",
                path.display()
            ),
        }),
    }
}

fn is_as_written(survey: &Survey, path: &Path, text: &Text) -> bool {
    let made = survey.receipt.files.get(path);
    match text {
        Text::Present(text) => {
            made.is_some_and(|made| made.digest == crate::apply::digest(text.as_bytes()))
        }
        Text::Absent | Text::Unreadable(_) => true,
    }
}
