//! Requests about credentials: that one changed, and what the one in use may do. No secret is in them.

use std::sync::Arc;

use protocol::answer::{Answer, Tested, Trouble};
use protocol::failure::{Failure, FailureCode};
use protocol::request::Context;
use repository::{Kind, TransferError, TriedOut};

use crate::handle::{Handle, Message};
use crate::shared::Setup;

/// Tells the loops that a credential or a known host was changed.
pub(crate) async fn reload(setup: &Setup, context: &Context) -> Answer {
    let wanted = context.repository.as_deref();
    let handles = setup.repositories.iter();
    for handle in handles.filter(|handle| wanted.is_none_or(|name| name == handle.name)) {
        // A loop that has ended reads what there is when it starts again.
        let _ = handle.inbox.send(Message::CredentialChanged).await;
    }
    Answer::Accepted
}

/// Asks the remote what we may do there. Where it lets us in, what was refused before is tried again:
/// a key is often kept here first and known there later.
pub(crate) async fn test(handle: &Arc<Handle>) -> Result<Answer, Failure> {
    let Some(remote) = handle.remote.clone() else {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            format!(
                "`{}` has no remote, so that no credential is needed.",
                handle.name
            ),
            "Give it one with: watercooler repo add URL --name NAME",
        ));
    };
    let (link, of) = (Arc::clone(&handle.link), remote.clone());
    let tried = tokio::task::spawn_blocking(move || link.try_out(&of)).await;
    let tried = match tried {
        Ok(Ok(tried)) => tried,
        Ok(Err(trouble)) => both(trouble),
        Err(broken) => both(TransferError::new(
            Kind::Offline,
            broken.to_string(),
            "try again; see: watercooler logs",
        )),
    };
    let way = handle.link.way_words(&remote);
    let tested = verdict(tried, way);
    if tested.may_read == Some(true) {
        // A loop that has ended tries by itself when it starts again.
        let _ = handle.inbox.send(Message::CredentialChanged).await;
    }
    Ok(Answer::Tested(tested))
}

fn both(trouble: TransferError) -> TriedOut {
    TriedOut {
        read: Err(trouble.clone()),
        write: Err(trouble),
        who: None,
    }
}

fn verdict(tried: TriedOut, way: Option<String>) -> Tested {
    let TriedOut { read, write, who } = tried;
    let (read_kind, write_kind) = (kind(&read), kind(&write));
    let is_offline = |kind: Option<Kind>| matches!(kind, Some(Kind::Offline));
    let reachable = !is_offline(read_kind) || !is_offline(write_kind);
    let is_stranger = matches!(read_kind, Some(Kind::HostKeyUnknown | Kind::HostKeyChanged));
    let host_key = reachable.then_some(!is_stranger);
    let may = |result: &Result<(), TransferError>| match kind(result) {
        None => Some(true),
        Some(
            Kind::Offline | Kind::HostKeyUnknown | Kind::HostKeyChanged | Kind::KeychainLocked,
        ) => None,
        Some(
            Kind::RateLimited
            | Kind::CredentialMissing
            | Kind::CredentialRefused
            | Kind::PushRefused
            | Kind::Rewritten
            | Kind::DiskFull
            | Kind::SettingsInvalid
            | Kind::NotFound
            | Kind::OutboxFull
            | Kind::Damaged,
        ) => Some(false),
    };
    let (may_read, may_write) = (may(&read), may(&write));
    let let_in = may_read == Some(true) || may_write == Some(true);
    Tested {
        ok: read.is_ok() && write.is_ok(),
        reachable: Some(reachable),
        host_key,
        who: who.or_else(|| way.clone().filter(|_| let_in)),
        may_read,
        may_write,
        trouble: read.err().or(write.err()).map(|trouble| Trouble {
            kind: trouble.kind.as_str().to_owned(),
            message: trouble.message,
            hint: trouble.hint,
        }),
        way,
    }
}

fn kind(result: &Result<(), TransferError>) -> Option<Kind> {
    result.as_ref().err().map(|trouble| trouble.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_how_far_one_came() {
        fn check(read: Option<Kind>, write: Option<Kind>, expected: &str) {
            let result = |kind: Option<Kind>| match kind {
                None => Ok(()),
                Some(kind) => Err(TransferError::new(kind, "m", "h")),
            };
            let tried = TriedOut {
                read: result(read),
                write: result(write),
                who: None,
            };
            let tested = verdict(tried, Some("a key".to_owned()));
            let mark = |value: Option<bool>| match value {
                Some(true) => '+',
                Some(false) => '-',
                None => '?',
            };
            let marks = [
                tested.reachable,
                tested.host_key,
                tested.may_read,
                tested.may_write,
            ];
            let marks: String = marks.map(mark).iter().collect();
            assert_eq!(marks, expected, "{read:?} {write:?}");
            assert_eq!(tested.ok, expected == "++++");
            assert_eq!(
                tested.who.is_some(),
                expected.contains("++") && expected[2..].contains('+')
            );
            assert_eq!(tested.trouble.is_none(), tested.ok);
        }
        use Kind::{
            CredentialRefused, HostKeyChanged, HostKeyUnknown, KeychainLocked, NotFound, Offline,
        };
        check(None, None, "++++");
        check(None, Some(CredentialRefused), "+++-");
        check(Some(CredentialRefused), Some(CredentialRefused), "++--");
        check(Some(NotFound), Some(NotFound), "++--");
        check(Some(HostKeyUnknown), Some(HostKeyUnknown), "+-??");
        check(Some(HostKeyChanged), Some(HostKeyChanged), "+-??");
        check(Some(Offline), Some(Offline), "-???");
        check(Some(KeychainLocked), Some(KeychainLocked), "++??");
        check(None, Some(Offline), "+++?");
    }

    #[test]
    fn who_we_are_is_the_servers_word_and_else_the_way_in() {
        let check = |who: Option<&str>, read: Option<Kind>, expected: Option<&str>| {
            let result = || read.map_or(Ok(()), |kind| Err(TransferError::new(kind, "m", "h")));
            let tried = TriedOut {
                read: result(),
                write: result(),
                who: who.map(str::to_owned),
            };
            let tested = verdict(tried, Some("a key".to_owned()));
            assert_eq!(tested.who.as_deref(), expected, "{who:?} {read:?}");
            assert_eq!(tested.way.as_deref(), Some("a key"));
        };
        check(Some("bob"), None, Some("bob"));
        check(None, None, Some("a key"));
        check(Some("bob"), Some(Kind::NotFound), Some("bob"));
        check(None, Some(Kind::NotFound), None);
    }
}
