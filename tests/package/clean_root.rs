//! A root with nothing but the smallest Debian in it, in which a Dockerfile's steps are carried out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::cli::Ran;
use tests::machine::Machine;
use tests::scratch;

/// What the base of the Dockerfile is called there.
const SUITE: &str = "bookworm";

/// A root of its own; each script runs with processes of its own, which end with it.
pub(crate) struct CleanRoot<'a> {
    machine: &'a Machine,
    folder: PathBuf,
}

/// What is read of a Dockerfile.
#[derive(Debug)]
enum Instruction {
    /// `RUN`.
    Run(String),
    /// `COPY FROM TO`.
    Copy(String),
    /// `ENV NAME=VALUE`.
    Set(String),
    /// `USER`.
    As(String),
    /// `CMD`, as words.
    Command(Vec<String>),
}

impl<'a> CleanRoot<'a> {
    /// Makes it; `None`, and a word of it, where that cannot be.
    #[expect(clippy::print_stdout, reason = "what could not run must be seen")]
    pub(crate) fn make(machine: &'a Machine) -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        let here = Path::new("/usr/sbin/debootstrap").exists();
        let Some(mirror) = mirror().filter(|_| is_root && here) else {
            println!("*** SKIPPED: a clean root needs root, debootstrap and a mirror of {SUITE}");
            return None;
        };
        let folder = machine.root().join("clean");
        let mut make = machine.command("/usr/sbin/debootstrap");
        make.args(["--variant=minbase", SUITE])
            .arg(&folder)
            .arg(mirror);
        let path = std::env::var("PATH").unwrap_or_default();
        make.env("PATH", format!("{path}:/usr/sbin:/sbin"));
        let _made = Ran::run(&mut make, "").done();
        for file in ["etc/resolv.conf", "etc/hosts"] {
            let _maybe = fs::copy(Path::new("/").join(file), folder.join(file));
        }
        Some(Self { machine, folder })
    }

    /// Carries out what the Dockerfile says up to its command, with this package in its context.
    pub(crate) fn build(&self, package: &Path) {
        for instruction in instructions() {
            match instruction {
                Instruction::Run(script) => self.run(&script, &script),
                Instruction::Copy(words) => {
                    let (from, to) = words.split_once(' ').expect("COPY has two words");
                    assert!(from.starts_with("watercooler_"), "{from}");
                    let to = self.folder.join(to.trim_start_matches('/'));
                    let _copied = fs::copy(package, to).expect("the root can be written");
                }
                Instruction::Set(_) | Instruction::As(_) | Instruction::Command(_) => (),
            }
        }
    }

    /// A script that runs beside the container's command, as the container's user.
    pub(crate) fn started(&self, script: &str) -> String {
        let (mut user, mut sets, mut command) = (String::new(), String::new(), String::new());
        for instruction in instructions() {
            match instruction {
                Instruction::Run(_) | Instruction::Copy(_) => (),
                Instruction::Set(words) => sets = format!("{sets} {words}"),
                Instruction::As(name) => user = name,
                Instruction::Command(words) => command = words.join(" "),
            }
        }
        let file = self.folder.join("beside.sh");
        fs::write(file, format!("set -eu\n{command} &\n{script}"))
            .expect("the root can be written");
        format!(
            "setpriv --reuid {user} --regid {user} --clear-groups env -i PATH=/usr/bin:/bin{sets} \
             /bin/sh -x /beside.sh"
        )
    }

    /// Runs a script in the root, with `/proc`; whatever it starts ends with it.
    pub(crate) fn run(&self, what: &str, script: &str) {
        let file = self.folder.join("step.sh");
        fs::write(file, format!("set -eu\n{script}\n")).expect("the root can be written");
        let within = "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" /bin/sh -x /step.sh";
        let mut run = Command::new("unshare");
        run.args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            within,
        ])
        .arg(&self.folder)
        .current_dir(self.machine.home())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8");
        let ran = Ran::run(&mut run, "");
        assert_eq!(ran.code, Some(0), "{what}\n{}\n{}", ran.stdout, ran.stderr);
    }
}

/// Where this system's own packages come from.
fn mirror() -> Option<String> {
    let format = "$(CODENAME) $(REPO_URI)";
    let asked = Command::new("apt-get")
        .args(["indextargets", "--format", format, "Created-By: Packages"])
        .output()
        .ok()?;
    let listed = String::from_utf8(asked.stdout).ok()?;
    let found = listed
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{SUITE} ")));
    found.map(str::to_owned)
}

/// The Dockerfile's instructions that do something here. The base is the root itself.
fn instructions() -> Vec<Instruction> {
    let file = scratch::workspace().join("installer/container/Dockerfile");
    let text = fs::read_to_string(file).expect("it is in the checkout");
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(instruction).collect()
}

fn instruction(line: &str) -> Option<Instruction> {
    let (name, rest) = line.split_once(' ').expect("an instruction has words");
    let rest = rest.trim().to_owned();
    match name {
        "RUN" => Some(Instruction::Run(rest)),
        "COPY" => Some(Instruction::Copy(rest)),
        "ENV" => Some(Instruction::Set(rest)),
        "USER" => Some(Instruction::As(rest)),
        "CMD" => {
            let words = serde_json::from_str(&rest).expect("it is a list of words");
            Some(Instruction::Command(words))
        }
        "FROM" => {
            assert!(
                rest.contains(SUITE),
                "{rest} is not what the root is made of"
            );
            None
        }
        "VOLUME" | "HEALTHCHECK" => None,
        other => panic!("nobody here carries out {other}"),
    }
}
