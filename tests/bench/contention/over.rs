//! How the writers of one side reach their remote.

use std::process::Command;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// `git receive-pack`, started by the client.
    File,
    /// A real `sshd` on loopback, with a key.
    Ssh,
}

/// A remote, and its server where it has one.
#[derive(Debug)]
pub(crate) enum Reached {
    /// In a folder.
    File(BareRepository),
    /// Behind sshd.
    Ssh(BareRepository, SshServer),
}

impl Over {
    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "`file://`",
            Self::Ssh => "ssh",
        }
    }
}

impl Reached {
    /// A new remote with one commit, and its server.
    pub(crate) fn new(over: Over) -> Self {
        let bare = BareRepository::holding(&[("README.md", b"Threads.\n")], "Begin");
        match over {
            Over::File => Self::File(bare),
            Over::Ssh => Self::Ssh(bare, SshServer::start()),
        }
    }

    /// The remote's files.
    pub(crate) fn bare(&self) -> &BareRepository {
        match self {
            Self::File(bare) | Self::Ssh(bare, _) => bare,
        }
    }

    /// A writer of ours, its daemon running, with the settings' defaults.
    pub(crate) fn machine(&self, number: usize) -> Machine {
        let settings = Settings::of(&format!("user{number}")).sync("");
        let mut machine = match self {
            Self::File(bare) => Machine::new(&settings.remote(&bare.url())),
            Self::Ssh(bare, server) => {
                let key = format!("ssh_key = \"{}\"", server.user_key().display());
                let url = server.url(&bare.path());
                let machine = Machine::new(&settings.repository("acme", &url, &key));
                server.trusted_by(&machine);
                machine
            }
        };
        machine.start();
        machine
    }

    /// The URL, for git's own commands.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(bare) => bare.url(),
            Self::Ssh(bare, server) => server.url(&bare.path()),
        }
    }

    /// Lets a `git` reach the remote.
    pub(crate) fn let_in<'git>(&self, git: &'git mut Command) -> &'git mut Command {
        match self {
            Self::File(_) => git,
            Self::Ssh(_, server) => git.env(
                "GIT_SSH_COMMAND",
                format!(
                    "ssh -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
                     -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
                    server.user_key().display()
                ),
            ),
        }
    }
}
