//! How both sides reach their remote.

use std::process::Command;

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::WebServer;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;

/// A file that git's side appends to.
pub(crate) const THEIRS: &str = "theirs.txt";

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// `git receive-pack`, started by the client.
    File,
    /// A real nginx before `git http-backend` on loopback, without a login.
    Http,
    /// A real `sshd` on loopback, with a key.
    Ssh,
}

/// A remote, and its server where it has one.
#[derive(Debug)]
pub(crate) struct Reached {
    // It ends before its repository does.
    server: Server,
    bare: BareRepository,
}

#[derive(Debug)]
enum Server {
    None,
    Web(WebServer),
    Ssh(SshServer),
}

impl Over {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::File, Self::Http, Self::Ssh];

    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "`file://`",
            Self::Http => "http",
            Self::Ssh => "ssh",
        }
    }

    /// As an argument names it.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::Ssh => "ssh",
        }
    }
}

impl Reached {
    /// A new remote with one commit, and its server.
    pub(crate) fn new(over: Over) -> Self {
        let files: &[(&str, &[u8])] = &[("README.md", b"Threads.\n"), (THEIRS, b"Begin.\n")];
        let bare = BareRepository::holding(files, "Begin");
        let server = match over {
            Over::File => Server::None,
            Over::Http => Server::Web(WebServer::start(bare.as_ref())),
            Over::Ssh => Server::Ssh(SshServer::start()),
        };
        Self { server, bare }
    }

    /// The remote's files.
    pub(crate) fn bare(&self) -> &BareRepository {
        &self.bare
    }

    /// A machine of ours, its daemon running, with these lines under `[sync]`.
    pub(crate) fn machine(&self, user: &str, sync: &str) -> Machine {
        let settings = Settings::of(user).sync(sync);
        let mut machine = match &self.server {
            Server::None | Server::Web(_) => Machine::new(&settings.remote(&self.url())),
            Server::Ssh(server) => {
                let key = format!("ssh_key = \"{}\"", server.user_key().display());
                let machine = Machine::new(&settings.repository("acme", &self.url(), &key));
                server.trusted_by(&machine);
                machine
            }
        };
        machine.start();
        machine
    }

    /// The URL, for git's own commands too.
    pub(crate) fn url(&self) -> String {
        match &self.server {
            Server::None => self.bare.url(),
            Server::Web(server) => server.url("git/remote.git"),
            Server::Ssh(server) => server.url(&self.bare.path()),
        }
    }

    /// Lets a `git` reach the remote.
    pub(crate) fn let_in<'git>(&self, git: &'git mut Command) -> &'git mut Command {
        match &self.server {
            Server::None | Server::Web(_) => git,
            Server::Ssh(server) => git.env(
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
