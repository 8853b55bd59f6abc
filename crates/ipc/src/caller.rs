//! Who calls: the first line of a connection, from this process and its environment.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::process;
use std::time::SystemTime;

use protocol::hello::{FORWARDED_VARIABLES, Hello, PROTOCOL, Program, Speaks};

/// The hello of this process, with a new random session; the program adds what its flags say. All
/// programs of one release have one version, this crate's.
#[must_use]
pub fn hello(program: Program, speaks: Speaks) -> Hello {
    let set = |name: &&str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(((*name).to_owned(), value))
    };
    Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program,
        pid: process::id(),
        speaks,
        session: session(),
        agent: None,
        repository: None,
        code: None,
        folder: env::current_dir()
            .ok()
            .and_then(|folder| folder.into_os_string().into_string().ok()),
        environment: FORWARDED_VARIABLES.iter().filter_map(set).collect(),
        read_only: false,
    }
}

/// 32 hex digits. The standard library keys its maps from the operating system's randomness, once a
/// thread; the time and the process are mixed in.
fn session() -> String {
    let part = |salt: u64| {
        let mut hasher = RandomState::new().build_hasher();
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        hasher.write_u64(salt);
        hasher.write_u32(process::id());
        hasher.write_u128(since.as_nanos());
        hasher.finish()
    };
    format!("{:016x}{:016x}", part(1), part(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hello_has_a_session_of_its_own() {
        let one = hello(Program::Cli, Speaks::Requests);
        let other = hello(Program::Cli, Speaks::Requests);
        assert_eq!(one.session.len(), 32);
        assert_ne!(one.session, other.session);
        assert_eq!((one.pid, one.protocol), (process::id(), PROTOCOL));
    }

    #[test]
    fn only_named_variables_are_forwarded() {
        let hello = hello(Program::Shim, Speaks::Mcp);
        let named = |name: &String| FORWARDED_VARIABLES.contains(&name.as_str());
        assert!(hello.environment.keys().all(named));
    }
}
