//! `watercooler credential test`: a verdict on the way in: how far one comes, and what to do.

use clap::Args;
use protocol::answer::{Answer, Tested};
use protocol::request::Request;

use crate::link::{Link, unexpected};
use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::report::{Report, document};
use crate::session::Session;

/// What `credential test` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository by its name in the settings
    name: String,
}

/// Tests.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached. A verdict that is not good is shown, and the
/// command ends with 1.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let done = Link::started(session)?.ask_in(&arguments.name, Request::CredentialTest)?;
    let Answer::Tested(tested) = &done.answer else {
        return Err(unexpected());
    };
    let report = Report::new(text(tested), document(&done));
    Ok(match &tested.trouble {
        None => report,
        Some(trouble) => report.with(Problem {
            exit: Exit::Failed,
            code: trouble.kind.clone(),
            message: trouble.message.clone(),
            hint: Some(trouble.hint.clone()),
        }),
    })
}

fn text(tested: &Tested) -> String {
    let line = |what: &str, value: Option<bool>| {
        let word = match value {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "not known",
        };
        format!("  {what:<10} {word}\n")
    };
    let mut text = String::new();
    if let Some(way) = &tested.way {
        text.push_str(&format!("By {}:\n", one_line(way)));
    }
    text.push_str(&line("reachable", tested.reachable));
    text.push_str(&line("host key", tested.host_key));
    let who = tested
        .who
        .as_deref()
        .map_or("not known".to_owned(), one_line);
    text.push_str(&format!("  {:<10} {who}\n", "as"));
    text.push_str(&line("may read", tested.may_read));
    text.push_str(&line("may write", tested.may_write));
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_verdict_is_a_line_a_question() {
        let tested = Tested {
            ok: false,
            way: Some("deploy key SHA256:x from the keychain".into()),
            reachable: Some(true),
            host_key: Some(true),
            who: None,
            may_read: Some(false),
            may_write: None,
            trouble: None,
        };
        expect![[r#"
            By deploy key SHA256:x from the keychain:
              reachable  yes
              host key   yes
              as         not known
              may read   NO
              may write  not known
        "#]]
        .assert_eq(&text(&tested));
    }
}
