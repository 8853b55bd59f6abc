//! Plans for made-up machines, done in real folders: on and off again changes nothing that is not
//! ours, and a run that ends anywhere is finished by the next.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use platform::dirs::Dirs;
use proptest::prelude::*;
use proptest::sample::select;

use crate::apply::Apply;
use crate::clients::hooks::HOOK_FILES;
use crate::clients::{CLIENTS, Places, System};
use crate::plan::{self, Wanted, Wish};
use crate::step::Step;
use crate::survey::{Environment, PROGRAMS, Survey};

/// What a client's file may hold before.
const BEFORE: [&str; 9] = [
    "",
    "{}",
    "{\n\t\"a\": 1, // mine\n\t\"mcpServers\": { \"other\": {\"command\": \"o\"} },\n}\n",
    "{\"servers\": {\"watercooler\": {\"command\": \"/old/watercooler-mcp\", \"args\": [\"-x\"]}}}",
    "{\"mcpServers\": {\"watercooler\": {\"command\": \"python\"}}}\r\n",
    "\u{feff}{\r\n}\r\n",
    "a = 1\n[mcp_servers.other]\ncommand = \"o\" # mine\n",
    "a: 1\nextensions:\n    developer:\n        enabled: true\n",
    "{ broken",
];

/// What a file of hooks may hold before.
const HOOKS_BEFORE: [&str; 5] = [
    "",
    "{}\r\n",
    "{\n  // mine\n  \"hooks\": {\"Stop\": [{\"hooks\": [{\"command\": \"x\"}]}]}, \"permissions\": {\"allow\": [\"a\"]}\n}\n",
    "{\"version\": 1, \"hooks\": {\"sessionStart\": [{\"command\": \"watercooler hook session-start\"}]}}",
    "{ broken",
];

/// A person's home in a folder of its own.
struct Home {
    folder: tempfile::TempDir,
    environment: Environment,
    /// Whether systemd starts things.
    systemd: bool,
}

impl Home {
    fn new(files: &[(usize, usize)], systemd: bool) -> Self {
        Self::with_hooks(files, &[], systemd)
    }

    fn with_hooks(files: &[(usize, usize)], hooks: &[(usize, usize)], systemd: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let source = folder.path().join("built");
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(&source).unwrap();
        for program in PROGRAMS {
            let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
            fs::write(source.join(file), program).unwrap();
        }
        let places = Places {
            system: System::Linux,
            settings: home.join(".config"),
            home: home.clone(),
            codex_home: None,
        };
        for (client, text) in files {
            let file = (CLIENTS[*client].file)(&places);
            if let Some(file) = file {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, BEFORE[*text]).unwrap();
            }
        }
        for (client, text) in hooks {
            let file = (HOOK_FILES[*client].file)(&places);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, HOOKS_BEFORE[*text]).unwrap();
        }
        let dirs = Dirs {
            config: home.join(".config/watercooler/config.toml"),
            repositories: home.join(".local/share/watercooler/repositories"),
            state: folder.path().join("state"),
            runtime: folder.path().join("run"),
            home: None,
        };
        let environment = Environment {
            places,
            dirs,
            source,
            path: Vec::new(),
        };
        Self {
            folder,
            environment,
            systemd,
        }
    }

    fn survey(&self) -> Survey {
        let units = self.environment.places.settings.join("systemd/user");
        Survey {
            units: self.systemd.then_some(units),
            manager: None,
            ..Survey::take(&self.environment, None).unwrap()
        }
    }

    /// Every file and folder of the home, with the files' bytes.
    fn everything(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.path().join("home")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let bytes = if path.is_dir() {
                    folders.push(path.clone());
                    None
                } else {
                    Some(fs::read(&path).unwrap())
                };
                found.insert(path, bytes);
            }
        }
        found
    }
}

/// Does at most `most` of the steps, but for those that need programs that run.
fn apply(home: &Home, steps: &[Step], most: usize) {
    let survey = home.survey();
    let mut apply = Apply::with(&survey.dirs, survey.receipt);
    for step in steps.iter().take(most) {
        match step {
            Step::Start { .. }
            | Step::Stop { .. }
            | Step::Remote { .. }
            | Step::FirstThread { .. }
            | Step::Greet { .. }
            | Step::Run { .. } => (),
            Step::Copy { .. }
            | Step::Write { .. }
            | Step::Without { .. }
            | Step::Link { .. }
            | Step::Restore { .. }
            | Step::Purge { .. }
            | Step::Tidy { .. }
            | Step::Tell { .. } => {
                apply.step(step).unwrap();
            }
        }
    }
}

fn uninstall(home: &Home) {
    apply(home, &plan::uninstall(&home.survey(), false), usize::MAX);
}

fn wish(clients: Wanted) -> Wish {
    Wish {
        clients,
        url: None,
        autostart: true,
        hooks: true,
    }
}

fn changing(steps: &[Step]) -> Vec<&Step> {
    let told = |step: &&Step| {
        !matches!(
            step,
            Step::Tell { .. } | Step::Start { .. } | Step::FirstThread { .. } | Step::Greet { .. }
        )
    };
    steps.iter().filter(told).collect()
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let names: Vec<&'static str> = CLIENTS.iter().map(|client| client.name).collect();
    let these = proptest::collection::vec(select(names), 0..5).prop_map(Wanted::These);
    prop_oneof![Just(Wanted::Found), these]
}

fn files() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..CLIENTS.len(), 0..BEFORE.len()), 0..8)
}

fn hooks() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..HOOK_FILES.len(), 0..HOOKS_BEFORE.len()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn on_and_off_again_is_the_identity(files in files(), hooks in hooks(), clients in wanted(), ends in 0..30_usize, systemd: bool) {
        let home = Home::with_hooks(&files, &hooks, systemd);
        let before = home.everything();
        let wish = wish(clients);
        // Ended anywhere, the next run completes it.
        apply(&home, &plan::install(&home.survey(), &wish), ends);
        apply(&home, &plan::install(&home.survey(), &wish), usize::MAX);
        let on = home.everything();
        prop_assert_ne!(&on, &before);
        let again = plan::install(&home.survey(), &wish);
        prop_assert_eq!(changing(&again), Vec::<&Step>::new(), "twice is once");
        // So is the removal.
        apply(&home, &plan::uninstall(&home.survey(), false), ends / 2);
        uninstall(&home);
        prop_assert_eq!(home.everything(), before);
    }

    #[test]
    fn what_others_wrote_after_us_stays(files in files(), hooks in hooks(), ends in 0..30_usize) {
        let home = Home::with_hooks(&files, &hooks, true);
        apply(&home, &plan::install(&home.survey(), &wish(Wanted::Found)), ends);
        let mut kept = Vec::new();
        let survey = home.survey();
        let clients = survey.clients.into_iter().filter_map(|seen| seen.file);
        let hooks = survey.hooks.into_iter().map(|seen| seen.file);
        for file in clients.chain(hooks).filter(|file| file.exists()) {
            let mut text = fs::read_to_string(&file).unwrap();
            text.push_str(if file.extension().is_some_and(|e| e == "json") {
                "\n// since\n"
            } else {
                "\n# since\n"
            });
            fs::write(&file, &text).unwrap();
            kept.push(file);
        }
        uninstall(&home);
        for file in kept {
            let text = fs::read_to_string(&file).unwrap();
            prop_assert!(text.contains("since"), "{}: {text}", file.display());
            let shim = home.survey().installed("watercooler-mcp");
            prop_assert!(!text.contains(shim.to_str().unwrap()), "{}: {text}", file.display());
            let program = home.survey().installed("watercooler");
            prop_assert!(!text.contains(program.to_str().unwrap()), "{}: {text}", file.display());
        }
    }
}

#[test]
fn the_plan_says_each_step_and_how_it_is_undone() {
    let home = Home::new(&[(3, 1), (2, 6)], true);
    let steps = plan::install(&home.survey(), &wish(Wanted::Found));
    let base = home.folder.path().display().to_string();
    let mut shown = String::new();
    for step in &steps {
        let undoing = step.undoing().unwrap_or_default();
        shown.push_str(&format!("{} | {undoing}\n", step.words()).replace(&base, ""));
    }
    expect_test::expect![[r#"
        Copy the program /home/.local/bin/watercooler | uninstall removes it
        Copy the program /home/.local/bin/watercooler-installer | uninstall removes it
        Copy the program /home/.local/bin/watercooler-mcp | uninstall removes it
        Copy the program /home/.local/bin/watercooler-tray | uninstall removes it
        Copy the program /home/.local/bin/watercoolerd | uninstall removes it
        Write the systemd unit: /home/.config/systemd/user/watercoolerd.socket | uninstall puts back what stood there
        Start it at login: /home/.config/systemd/user/sockets.target.wants/watercoolerd.socket | uninstall removes it
        Write the systemd unit: /home/.config/systemd/user/watercoolerd.service | uninstall puts back what stood there
        Start it at login: /home/.config/systemd/user/default.target.wants/watercoolerd.service | uninstall removes it
        Write what the desktop starts at login for the tray: /home/.config/autostart/watercooler-tray.desktop | uninstall puts back what stood there
        Start the daemon | watercooler daemon stop
        A first thread, as it is read back | 
        Ask the MCP server as an agent does | 
        Write Codex's servers: /home/.codex/config.toml | uninstall puts back what stood there
        Write Codex's hooks: /home/.codex/hooks.json | uninstall puts back what stood there
        Write Cursor's servers: /home/.cursor/mcp.json | uninstall puts back what stood there
        Write Cursor's hooks: /home/.cursor/hooks.json | uninstall puts back what stood there
    "#]].assert_eq(&shown);
}

#[test]
fn a_tray_that_a_person_took_from_login_stays_away() {
    let home = Home::new(&[], false);
    let entry = home
        .environment
        .places
        .settings
        .join("autostart/watercooler-tray.desktop");
    let install = || {
        apply(
            &home,
            &plan::install(&home.survey(), &wish(Wanted::Found)),
            usize::MAX,
        )
    };
    install();
    assert!(entry.is_file());
    fs::remove_file(&entry).unwrap();
    install();
    assert!(!entry.exists());
    uninstall(&home);
    assert!(!entry.exists());
}

#[test]
fn what_a_package_put_on_is_left_to_it() {
    let home = Home::new(&[(3, 1)], true);
    let lib = home.folder.path().join("lib/systemd/user");
    fs::create_dir_all(&lib).unwrap();
    fs::write(lib.join("watercoolerd.service"), "").unwrap();
    let survey = home.survey();
    assert_eq!(survey.bin, home.environment.source);
    let steps = plan::install(&survey, &wish(Wanted::Found));
    let is_others = |step: &&Step| match step {
        Step::Write { client, .. } => client.is_none(),
        Step::Copy { .. } | Step::Link { .. } => true,
        Step::Without { .. }
        | Step::Run { .. }
        | Step::Start { .. }
        | Step::Stop { .. }
        | Step::Remote { .. }
        | Step::FirstThread { .. }
        | Step::Greet { .. }
        | Step::Restore { .. }
        | Step::Purge { .. }
        | Step::Tidy { .. }
        | Step::Tell { .. } => false,
    };
    assert_eq!(
        steps.iter().filter(is_others).collect::<Vec<_>>(),
        Vec::<&Step>::new()
    );
    let registers = |step: &Step| {
        matches!(
            step,
            Step::Write {
                client: Some("cursor"),
                ..
            }
        )
    };
    assert!(steps.iter().any(registers), "{steps:?}");
}

#[test]
fn purge_names_what_goes() {
    let home = Home::new(&[], false);
    let steps = plan::uninstall(&home.survey(), true);
    let purged: Vec<&Path> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Purge { path, .. } => Some(path.as_path()),
            Step::Copy { .. }
            | Step::Write { .. }
            | Step::Without { .. }
            | Step::Link { .. }
            | Step::Run { .. }
            | Step::Start { .. }
            | Step::Stop { .. }
            | Step::Remote { .. }
            | Step::FirstThread { .. }
            | Step::Greet { .. }
            | Step::Restore { .. }
            | Step::Tidy { .. }
            | Step::Tell { .. } => None,
        })
        .collect();
    assert_eq!(purged.len(), 3);
    assert!(plan::uninstall(&home.survey(), false).is_empty());
}
