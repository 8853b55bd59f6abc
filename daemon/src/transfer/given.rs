//! A credential on its way through the pipe: bytes of its own, in no frame of JSON and in no log.

use repository::Given;
use zeroize::Zeroizing;

/// What the bytes begin with.
const KEY: u8 = b'k';
const PASSWORD: u8 = b'p';

/// Between a user and a password, in neither of which it can stand.
const BETWEEN: u8 = 0;

/// The bytes of a credential.
pub(super) fn to_bytes(given: &Given) -> Zeroizing<Vec<u8>> {
    let (first, second, kind) = match given {
        Given::Key(key) => ("", key.as_str(), KEY),
        Given::Password { user, password } => (user.as_str(), password.as_str(), PASSWORD),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(first.len() + second.len() + 2));
    bytes.push(kind);
    if kind == PASSWORD {
        bytes.extend_from_slice(first.as_bytes());
        bytes.push(BETWEEN);
    }
    bytes.extend_from_slice(second.as_bytes());
    bytes
}

/// What they say; `None` where they are of nothing that is known here.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<Given> {
    let (kind, rest) = bytes.split_first()?;
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    match *kind {
        KEY => Some(Given::Key(Zeroizing::new(text(rest)?))),
        PASSWORD => {
            let between = rest.iter().position(|byte| *byte == BETWEEN)?;
            Some(Given::Password {
                user: text(&rest[..between])?,
                password: Zeroizing::new(text(&rest[between + 1..])?),
            })
        }
        _ => None,
    }
}
