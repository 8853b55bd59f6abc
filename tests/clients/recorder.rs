//! Stands between a client and the shim and keeps every byte of both directions, so that what is
//! said of a client is what it did.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::json_rpc;
use tests::machine::Machine;
use tests::processes;
use tests::programs::Program;
use tests::wait::{PATIENCE, wait_until};

const VERSION_OF_REQUEST: &str = "io.modelcontextprotocol/protocolVersion";

/// A program to start instead of the shim; it starts the shim.
#[derive(Debug)]
pub(crate) struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    /// On a machine that has none yet. Clients that pass on no environment find the machine too.
    pub(crate) fn new(machine: &Machine) -> Self {
        let folder = machine.root().join("recorded");
        fs::create_dir(&folder).expect("a new folder");
        let recorder = Self { folder };
        let script = format!(
            "#!/bin/sh\nexport WATERCOOLER_HOME='{}'\n\
             tee \"$0.$$.asked\" | '{}' \"$@\" | tee \"$0.$$.answered\"\n",
            machine.folder().display(),
            Program::Shim.path().display(),
        );
        let program = recorder.program();
        fs::write(&program, script).expect("a new folder can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        recorder
    }

    /// Where it is started.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join(Program::Shim.name())
    }

    /// What went through it, once every client has ended.
    ///
    /// # Panics
    /// Where the shim wrote anything but JSON-RPC, or runs on without a client.
    pub(crate) fn record(&self, machine: &Machine) -> Record {
        wait_until("the shims end with their clients", PATIENCE, || {
            !processes::of_folder(machine.root())
                .into_iter()
                .any(|pid| is_of_a_connection(pid) && processes::is_alive(pid))
        });
        let mut record = Record::default();
        for file in fs::read_dir(&self.folder).expect("it was made").flatten() {
            let path = file.path();
            match path.extension().and_then(|end| end.to_str()) {
                Some("asked") => record.asked.extend(lines(&path)),
                Some("answered") => {
                    let bytes = fs::read(&path).expect("it was written");
                    record.answered.extend(json_rpc::messages(&bytes));
                }
                _ => (),
            }
        }
        assert!(!record.answered.is_empty(), "the client asked nothing");
        record
    }
}

/// All messages of all connections, in no order between these.
#[derive(Debug, Default)]
pub(crate) struct Record {
    asked: Vec<Value>,
    answered: Vec<Value>,
}

impl Record {
    /// The protocol versions that were spoken.
    pub(crate) fn versions(&self) -> BTreeSet<&str> {
        let agreed = self
            .answered
            .iter()
            .map(|one| &one["result"]["protocolVersion"]);
        let of_requests = self
            .asked
            .iter()
            .map(|one| &one["params"]["_meta"][VERSION_OF_REQUEST]);
        agreed
            .chain(of_requests)
            .filter_map(Value::as_str)
            .collect()
    }

    /// The tools that the client was told of.
    pub(crate) fn listed(&self) -> BTreeSet<&str> {
        let lists = self.answered.iter().map(|one| &one["result"]["tools"]);
        let tools = lists.filter_map(Value::as_array).flatten();
        tools.filter_map(|tool| tool["name"].as_str()).collect()
    }

    /// The tools that it called.
    pub(crate) fn called(&self) -> BTreeSet<&str> {
        let calls = self
            .asked
            .iter()
            .filter(|one| one["method"] == "tools/call");
        calls
            .filter_map(|one| one["params"]["name"].as_str())
            .collect()
    }
}

fn is_of_a_connection(pid: u32) -> bool {
    let line = processes::command_line(pid);
    let program = line.split(' ').next().unwrap_or_default();
    program == "tee" || Path::new(program) == Program::Shim.path()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a client writes UTF-8");
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .expect("a client writes JSON")
}
