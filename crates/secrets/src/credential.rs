//! A credential with its secret: what it is, and the bytes that a keychain keeps of it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::server::{Place, Reach};

/// The longest credential, in bytes: an RSA key of 16,384 bits takes less.
pub const SECRET_BYTES_MAX: usize = 32 << 10;

/// How the bytes begin; the number grows with the format.
const BEGINNING: &str = "watercooler-credential 1";

/// What kind a credential is, by how a person came to have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A key made here for one repository.
    DeployKey,
    /// A key that the person had.
    SshKey,
    /// A token, or a password, for https.
    Token,
    /// A token that a sign-in brought and that is renewed.
    SignIn,
}

impl Kind {
    /// The kind's name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeployKey => "deploy_key",
            Self::SshKey => "ssh_key",
            Self::Token => "token",
            Self::SignIn => "sign_in",
        }
    }

    /// The same in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::DeployKey => "deploy key",
            Self::SshKey => "ssh key",
            Self::Token => "token",
            Self::SignIn => "sign-in",
        }
    }

    /// How the servers that take it are spoken to.
    #[must_use]
    pub fn reach(self) -> Reach {
        match self {
            Self::DeployKey | Self::SshKey => Reach::Ssh,
            Self::Token | Self::SignIn => Reach::Web,
        }
    }
}

/// A credential.
///
/// ```compile_fail
/// fn shown(credential: &secrets::credential::Credential) -> String { format!("{credential:?}") }
/// ```
/// ```compile_fail
/// fn written(secret: &secrets::credential::Secret) { serde_json::to_string(secret).unwrap(); }
/// ```
#[allow(missing_debug_implementations, reason = "it holds a secret")]
pub struct Credential {
    /// Whose it is.
    pub place: Place,
    /// What kind.
    pub kind: Kind,
    /// The secret itself.
    pub secret: Secret,
}

/// What is secret of a credential.
#[allow(missing_debug_implementations, reason = "a secret")]
#[derive(Clone)]
pub enum Secret {
    /// A private key in OpenSSH's or PEM's text form, without a passphrase.
    Key(Zeroizing<String>),
    /// A token or password.
    Token {
        /// The user that goes with it.
        user: String,
        /// The token.
        token: Zeroizing<String>,
    },
    /// What a sign-in brought.
    SignIn(SignedIn),
}

/// The tokens of a sign-in, and how they are renewed.
#[allow(missing_debug_implementations, reason = "a secret")]
#[derive(Clone)]
pub struct SignedIn {
    /// The user that goes with the token.
    pub user: String,
    /// The access token.
    pub access: Zeroizing<String>,
    /// What renews it; `None` where the server gave none.
    pub refresh: Option<Zeroizing<String>>,
    /// When the access token ends, in seconds since 1970; `None` where it does not.
    pub expires: Option<i64>,
    /// The program's id at the server, as it was when signing in.
    pub client_id: String,
    /// Where it is renewed.
    pub token_url: String,
}

impl Credential {
    /// The bytes that are kept; [`Credential::parse`] reads them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Room for all of it, so that no piece is left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX + (4 << 10)));
        let Place { repository, host } = &self.place;
        let kind = self.kind.as_str();
        let _ = writeln!(
            text,
            "{BEGINNING}\nrepository {repository}\nhost {host}\nkind {kind}"
        );
        match &self.secret {
            Secret::Key(key) => {
                text.push('\n');
                text.push_str(key);
            }
            Secret::Token { user, token } => {
                let _ = write!(text, "user {user}\n\n");
                text.push_str(token);
            }
            Secret::SignIn(signed) => {
                let SignedIn {
                    user,
                    client_id,
                    token_url,
                    ..
                } = signed;
                let _ = writeln!(text, "user {user}\nclient {client_id}\nrenewed {token_url}");
                if let Some(expires) = signed.expires {
                    let _ = writeln!(text, "expires {expires}");
                }
                text.push('\n');
                text.push_str(&signed.access);
                text.push('\n');
                text.push_str(signed.refresh.as_deref().map_or("", String::as_str));
            }
        }
        Zeroizing::new(std::mem::take(&mut *text).into_bytes())
    }

    /// What the bytes say; `None` where they are not of [`Credential::to_bytes`].
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Credential> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, secret) = text.split_once("\n\n")?;
        let mut lines = head.lines();
        (lines.next()? == BEGINNING).then_some(())?;
        let value = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(' '));
            fields
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let place = Place {
            repository: value("repository")?,
            host: value("host")?,
        };
        let (kind, secret) = match value("kind")?.as_str() {
            "deploy_key" => (Kind::DeployKey, key(secret)),
            "ssh_key" => (Kind::SshKey, key(secret)),
            "token" => {
                let token = Zeroizing::new(secret.to_owned());
                (
                    Kind::Token,
                    Secret::Token {
                        user: value("user")?,
                        token,
                    },
                )
            }
            "sign_in" => {
                let (access, refresh) = secret.split_once('\n')?;
                let signed = SignedIn {
                    user: value("user")?,
                    access: Zeroizing::new(access.to_owned()),
                    refresh: Some(refresh)
                        .filter(|refresh| !refresh.is_empty())
                        .map(|refresh| Zeroizing::new(refresh.to_owned())),
                    expires: value("expires").and_then(|text| text.parse().ok()),
                    client_id: value("client")?,
                    token_url: value("renewed")?,
                };
                (Kind::SignIn, Secret::SignIn(signed))
            }
            _ => return None,
        };
        Some(Credential {
            place,
            kind,
            secret,
        })
    }
}

fn key(text: &str) -> Secret {
    Secret::Key(Zeroizing::new(text.to_owned()))
}

/// Overwrites bytes that hold a secret and that another crate gave away.
pub(crate) fn wiped(mut bytes: Vec<u8>) {
    bytes.zeroize();
}
