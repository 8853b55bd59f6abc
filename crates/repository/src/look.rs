//! Asks a remote where its branch is, and brings nothing.

use serde::{Deserialize, Serialize};

use crate::fetch::{branch_in, connected, wanted_branch};
use crate::{Clone, Remote, Tip, TransferError};

/// What a remote has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The branch that would be followed.
    pub branch: String,
    /// Its newest commit; `None`: the branch is not there yet, the first push makes it.
    pub tip: Option<Tip>,
}

impl Clone {
    /// Connects as a fetch does, with the same ways in and the same limits, and changes nothing.
    ///
    /// # Errors
    /// As [`Clone::fetch`].
    pub fn look_at(&self, remote: &Remote) -> Result<Looked, TransferError> {
        let repository = self.lend()?;
        let exchange = self.exchange(remote);
        let wanted = wanted_branch(remote, self.configured_branch())?;
        let looked = exchange.run(|| {
            connected(&repository, &exchange, |remote, _| {
                let branch = branch_in(remote, &exchange, wanted, None)?;
                let name = format!("refs/heads/{branch}");
                let heads = remote.list()?;
                let tip = heads.iter().find(|head| head.name() == name);
                let tip = tip.map(|head| Tip(head.oid()));
                Ok(Looked { branch, tip })
            })
        });
        looked.map_err(|failure| {
            let trouble = failure.told(&exchange);
            self.end_ssh();
            trouble
        })
    }
}
