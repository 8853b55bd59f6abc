//! What stands in the way, told apart by what can be done about it.

use crate::moment::Span;

/// What stands in the way of a repository. Words for people stay with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What can be done about it.
    pub kind: TroubleKind,
    /// How long the server asked us to stay away, where it did.
    pub retry_after: Option<Span>,
}

/// The kinds of trouble of the contract, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TroubleKind {
    /// The remote cannot be reached; it heals by itself.
    Offline,
    /// The server wants fewer requests; it heals by itself.
    RateLimited,
    /// There is no credential.
    CredentialMissing,
    /// The server does not take the credential.
    CredentialRefused,
    /// The keychain that holds the credential is locked.
    KeychainLocked,
    /// Nobody has confirmed the server's key yet.
    HostKeyUnknown,
    /// The server's key is another one than the confirmed.
    HostKeyChanged,
    /// The remote's rules refuse what we push.
    PushRefused,
    /// The remote's history was rewritten.
    Rewritten,
    /// The disk here is full.
    DiskFull,
    /// The settings cannot be used.
    SettingsInvalid,
    /// The server does not know the repository, or hides it.
    NotFound,
    /// Too much waits to be pushed.
    OutboxFull,
    /// The clone is damaged; it is made anew.
    Damaged,
}

/// How trouble is met; each kind belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Wait and try again, longer each time.
    Wait,
    /// Leave it alone until something about the credential changes.
    SignIn,
    /// A person is needed; look again now and then.
    Person,
    /// Clone anew at once.
    CloneAnew,
}

impl Trouble {
    /// Trouble of this kind, without a wish of the server.
    #[must_use]
    pub fn new(kind: TroubleKind) -> Self {
        Self {
            kind,
            retry_after: None,
        }
    }

    /// Whether asking again now would do harm: the server named a time, or refused the credential.
    pub(crate) fn is_firm(&self) -> bool {
        match self.kind {
            TroubleKind::RateLimited => self.retry_after.is_some(),
            TroubleKind::CredentialRefused => true,
            TroubleKind::Offline
            | TroubleKind::CredentialMissing
            | TroubleKind::KeychainLocked
            | TroubleKind::HostKeyUnknown
            | TroubleKind::HostKeyChanged
            | TroubleKind::PushRefused
            | TroubleKind::Rewritten
            | TroubleKind::DiskFull
            | TroubleKind::SettingsInvalid
            | TroubleKind::NotFound
            | TroubleKind::OutboxFull
            | TroubleKind::Damaged => false,
        }
    }
}

impl TroubleKind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 14] = [
        Self::Offline,
        Self::RateLimited,
        Self::CredentialMissing,
        Self::CredentialRefused,
        Self::KeychainLocked,
        Self::HostKeyUnknown,
        Self::HostKeyChanged,
        Self::PushRefused,
        Self::Rewritten,
        Self::DiskFull,
        Self::SettingsInvalid,
        Self::NotFound,
        Self::OutboxFull,
        Self::Damaged,
    ];

    /// The kind's name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::RateLimited => "rate_limited",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialRefused => "credential_refused",
            Self::KeychainLocked => "keychain_locked",
            Self::HostKeyUnknown => "host_key_unknown",
            Self::HostKeyChanged => "host_key_changed",
            Self::PushRefused => "push_refused",
            Self::Rewritten => "rewritten",
            Self::DiskFull => "disk_full",
            Self::SettingsInvalid => "settings_invalid",
            Self::NotFound => "not_found",
            Self::OutboxFull => "outbox_full",
            Self::Damaged => "damaged",
        }
    }

    /// The kind of this name in the contract.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    pub(crate) fn remedy(self) -> Remedy {
        match self {
            Self::Offline | Self::RateLimited => Remedy::Wait,
            Self::CredentialMissing | Self::CredentialRefused | Self::KeychainLocked => {
                Remedy::SignIn
            }
            Self::HostKeyUnknown
            | Self::HostKeyChanged
            | Self::PushRefused
            | Self::Rewritten
            | Self::DiskFull
            | Self::SettingsInvalid
            | Self::NotFound
            | Self::OutboxFull => Remedy::Person,
            Self::Damaged => Remedy::CloneAnew,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in TroubleKind::ALL {
            assert_eq!(TroubleKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(TroubleKind::parse("bad_weather"), None);
    }
}
