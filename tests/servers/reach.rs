//! The ways to one and the same remote: a folder, git's own protocol, http and ssh.

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::git_daemon::GitDaemon;
use tests::servers::nginx::WebServer;
use tests::servers::sshd::SshServer;

use crate::story::{Story, alice};

/// A way to a remote, and the server on it.
#[derive(Debug)]
pub(crate) enum Reach {
    File,
    Daemon(GitDaemon),
    Web(WebServer),
    Ssh(SshServer),
}

/// Which one.
#[derive(Clone, Copy, Debug)]
enum Way {
    File,
    Daemon,
    Web,
    Ssh,
}

impl Reach {
    fn by(way: Way, remote: &BareRepository) -> Self {
        match way {
            Way::File => Self::File,
            Way::Daemon => Self::Daemon(GitDaemon::start(remote.as_ref())),
            Way::Web => Self::Web(WebServer::start(remote.as_ref())),
            Way::Ssh => Self::Ssh(SshServer::start()),
        }
    }

    /// A machine of alice's that goes this way to the remote, not started.
    pub(crate) fn machine(&self, remote: &BareRepository, sync: &str) -> Machine {
        let machine = |url: &str| Machine::new(&alice(sync, url, ""));
        match self {
            Self::File => machine(&remote.url()),
            Self::Daemon(server) => machine(&server.url("remote.git")),
            Self::Web(server) => machine(&server.url("git/remote.git")),
            Self::Ssh(server) => {
                let key = format!("ssh_key = \"{}\"", server.user_key().display());
                let machine = Machine::new(&alice(sync, &server.url(&remote.path()), &key));
                server.trusted_by(&machine);
                machine
            }
        }
    }

    /// Plays the same story by each of them, each with a remote of its own.
    pub(crate) fn each(sync: &str, story: impl Fn(Story, &BareRepository)) {
        for way in [Way::File, Way::Daemon, Way::Web, Way::Ssh] {
            let remote = BareRepository::new();
            let reach = Self::by(way, &remote);
            story(Story::well_begun(reach.machine(&remote, sync)), &remote);
        }
    }
}
