//! `watercooler_whoami`: who the daemon takes this connection for.

use protocol::answer::Whoami;

use super::Definition;
use crate::text;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_whoami",
    description: "Use to learn your name in entries, and your repository.",
    schema: r#"{"type":"object","properties":{
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn text(whoami: &Whoami) -> String {
    let client = whoami.client.as_deref().unwrap_or("unknown");
    format!(
        "You are: {}\nUser: {}\nRepository: {}\nClient: {}",
        text::one_line(&whoami.agent),
        text::one_line(&whoami.user),
        text::one_line(&whoami.repository),
        text::one_line(client)
    )
}
