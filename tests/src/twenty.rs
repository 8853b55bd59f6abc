//! Twenty repositories of one daemon, one of them in trouble at a time: the others keep their pace,
//! reads and writes feel nothing, `status` tells it, and it heals while the daemon runs.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::machine::{GRACE, Machine};
use crate::servers::bare::BareRepository;
use crate::settings::Settings;
use crate::shim::{Era, Shim};
use crate::wait::{PATIENCE, wait_until};

/// Of one daemon.
pub const REPOSITORIES: usize = 20;

/// Polls of each, and what a loaded machine with twenty of them adds at most.
const POLL: Duration = Duration::from_secs(2);
const LATE: Duration = Duration::from_secs(20);

/// The settings' part of that.
pub const SYNC: &str = "poll_active = \"2s\"\npoll_idle = \"2s\"\nnetwork_timeout = \"20s\"";

/// A write is answered within this, whatever the network does; source: the contract, section 5.
const WRITE_WITHIN: Duration = Duration::from_secs(2);

/// A read waits for nothing; this is a loaded machine's worst for one.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// What becomes of a write to the repository while its trouble stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// It is kept, and is on the remote once when the trouble is over.
    Kept,
    /// It is refused with this code, in time.
    Refused(&'static str),
    /// None is tried: what is on its way then is another story.
    None,
}

/// What is done to a machine.
pub type Deed<'a> = Box<dyn Fn(&Machine) + 'a>;

/// A trouble of one repository: what `status` shows of it, and how it comes and goes.
pub struct Trouble<'a> {
    /// The repository's name.
    pub name: &'static str,
    /// Its URL, and further lines of its settings.
    pub url: String,
    /// Further lines of its settings.
    pub lines: String,
    /// Where what was said arrives.
    pub remote: &'a BareRepository,
    /// What `status` is to show; the state follows from it.
    pub kind: &'static str,
    /// Words that the message holds.
    pub words: &'static str,
    /// What becomes of a write meanwhile.
    pub write: Write,
    /// What brings it about; where there is nothing, it stands from the beginning.
    pub comes: Option<Deed<'a>>,
    /// What ends it.
    pub goes: Deed<'a>,
}

impl fmt::Debug for Trouble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trouble")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The state that a kind of trouble gives; source: the contract, section 4.
#[must_use]
pub fn state_of(kind: &str) -> &'static str {
    match kind {
        "offline" | "rate_limited" => "offline",
        "credential_missing" | "credential_refused" | "keychain_locked" => "signed_out",
        "damaged" => "syncing",
        _ => "attention",
    }
}

/// The machine, and an agent who works in a repository that nothing befalls.
#[derive(Debug)]
pub struct Twenty {
    /// Its daemon has all of them.
    pub machine: Machine,
    agent: Shim,
    well: Vec<String>,
    remotes: Vec<BareRepository>,
}

impl Twenty {
    /// Starts a machine's daemon with the repositories of these troubles, and as many that are
    /// well as make them twenty.
    ///
    /// # Panics
    /// Where one of those is not well.
    #[must_use]
    pub fn start(mut machine: Machine, troubles: &[Trouble<'_>]) -> Self {
        let well = REPOSITORIES - troubles.len();
        let remotes: Vec<BareRepository> = (0..well).map(|_| BareRepository::new()).collect();
        let mut settings = Settings::of("alice").sync(SYNC);
        for trouble in troubles {
            settings = settings.repository(trouble.name, &trouble.url, &trouble.lines);
        }
        let well: Vec<String> = (0..well).map(|at| format!("well-{at}")).collect();
        for (name, remote) in well.iter().zip(&remotes) {
            settings = settings.repository(name, &remote.url(), "");
        }
        machine.configure(&settings.text());
        machine.start();
        let arguments = ["--repository", "well-0"];
        let mut agent = Shim::connect_with(&machine, "claude-code", Era::Sessions, &arguments);
        agent.say("plan", "Begin", "b");
        for name in &well {
            machine.wait_state(name, "heard", |one| !one["last_fetch"].is_null());
        }
        Self {
            machine,
            agent,
            well,
            remotes,
        }
    }

    /// The remote of the well repository with that number.
    #[must_use]
    pub fn well(&self, number: usize) -> (&str, &BareRepository) {
        (&self.well[number], &self.remotes[number])
    }

    /// Each trouble comes, is told, and goes, one after the other, in one life of the daemon.
    ///
    /// # Panics
    /// Where one is not as it says, or is felt by others.
    pub fn each_alone(&mut self, troubles: &[Trouble<'_>]) {
        let daemon = self.machine.daemon_pid();
        for trouble in troubles {
            self.check(trouble);
        }
        assert_eq!(self.machine.daemon_pid(), daemon, "without a restart");
    }

    /// Says one thing in that repository, which is answered in time.
    ///
    /// # Panics
    /// Where it takes longer, or is refused.
    pub fn say(&self, repository: &str) -> Value {
        let said = self.attempt(repository);
        assert!(said["error"].is_null(), "{repository}: {said}");
        said
    }

    fn attempt(&self, repository: &str) -> Value {
        let say = [
            "say",
            "plan",
            "--title",
            "T",
            "--body",
            "b",
            "--json",
            "--repository",
            repository,
        ];
        let begun = Instant::now();
        let said = self.machine.cli(&say).json();
        let took = begun.elapsed();
        assert!(took <= WRITE_WITHIN + GRACE, "{repository}: {took:?}");
        said
    }

    fn check(&mut self, trouble: &Trouble<'_>) {
        if let Some(comes) = &trouble.comes {
            self.say(trouble.name);
            self.machine.wait_in_step(trouble.name);
            comes(&self.machine);
        }
        let said = match trouble.write {
            Write::Kept => Some(self.say(trouble.name)),
            Write::Refused(code) => {
                let refused = self.attempt(trouble.name);
                assert_eq!(refused["error"]["code"], code, "{}", trouble.name);
                None
            }
            Write::None => None,
        };
        self.is_told(trouble);
        self.others_feel_nothing();
        (trouble.goes)(&self.machine);
        let _asked = self.machine.cli(&["sync", "--repository", trouble.name]);
        self.machine.wait_state(trouble.name, "healed", |one| {
            one["trouble"]["kind"] != trouble.kind
        });
        if let Some(said) = said {
            self.machine.wait_state(trouble.name, "in step", |one| {
                one["trouble"].is_null() && one["state"] == "synced" && one["pending"] == 0
            });
            let id = said["entry_id"].as_str().expect("an id");
            assert_eq!(trouble.remote.commits_of(id), 1, "{}", trouble.name);
        }
    }

    /// `status` tells it, in words that help.
    fn is_told(&self, trouble: &Trouble<'_>) {
        let stands = self.machine.wait_state(trouble.name, trouble.kind, |one| {
            one["trouble"]["kind"] == trouble.kind
        });
        assert_eq!(stands["state"], state_of(trouble.kind), "{stands}");
        let shown = &stands["trouble"];
        let message = shown["message"].as_str().expect("a message");
        assert!(message.contains(trouble.words), "{stands}");
        let hint = shown["hint"].as_str().expect("a hint");
        assert!(!hint.is_empty() && hint != message, "{stands}");
    }

    /// The time of each well repository's last fetch.
    fn fetched(&self) -> Vec<Value> {
        let status = self.machine.json(&["status"]);
        let all = status["repositories"].as_array().expect("a list");
        let well = |one: &&Value| self.well.iter().any(|name| one["name"] == **name);
        all.iter()
            .filter(well)
            .inspect(|one| assert!(one["trouble"].is_null(), "{one}"))
            .map(|one| one["last_fetch"].clone())
            .collect()
    }

    /// All others go on as they did, and so does the agent.
    fn others_feel_nothing(&mut self) {
        let before = self.fetched();
        assert_eq!(before.len(), self.well.len());
        // Times are told in seconds.
        wait_until("each was polled twice", POLL * 2 + LATE, || {
            let now = self.fetched();
            before.iter().zip(&now).all(|(before, now)| before != now)
        });
        let begun = Instant::now();
        let read = self.agent.call("read_thread", json!({"topic": "plan"}));
        assert!(begun.elapsed() <= READ_WITHIN, "{:?}", begun.elapsed());
        assert_eq!(read.structured["topic"], "plan");
    }

    /// Everything that the contract counts was counted meanwhile.
    ///
    /// # Panics
    /// Where it was not.
    pub fn metrics_are_filled(&self) {
        let metrics = || self.machine.json(&["status"])["metrics"].clone();
        let (name, remote) = self.well(1);
        self.say(name);
        self.machine.wait_in_step(name);
        let mut number = 0;
        wait_until("a race is lost", PATIENCE, || {
            number += 1;
            remote.push(&[("note.txt", format!("{number}").as_bytes())], "carol");
            self.say(name);
            self.machine.wait_in_step(name);
            metrics()["conflicts"].as_u64() > Some(0)
        });
        let metrics = metrics();
        for timed in ["reads", "writes", "fetches", "pushes"] {
            let of = |key: &str| metrics[timed][key].as_u64().expect("a number");
            assert!(of("count") > 0, "{timed}: {metrics}");
            let ordered = 0 < of("p50_us") && of("p50_us") <= of("p95_us");
            assert!(
                ordered && of("p95_us") <= of("p99_us"),
                "{timed}: {metrics}"
            );
        }
        for counted in ["push_failures", "retries", "bytes_received", "bytes_sent"] {
            assert!(metrics[counted].as_u64() > Some(0), "{counted}: {metrics}");
        }
    }
}
