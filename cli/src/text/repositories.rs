//! `repo list`: a line a repository.

use protocol::answer::{Origin, RepositoryListed};

use crate::plain::one_line;
use crate::text::freshness::state;
use crate::text::table;

/// The list.
pub(crate) fn text(repositories: &[RepositoryListed]) -> String {
    let rows: Vec<_> = repositories.iter().map(row).collect();
    let mut text = table::lines(&rows, |_, _, cell| cell.to_owned());
    for repository in repositories {
        for code in &repository.code {
            let name = one_line(&repository.name);
            text.push_str(&format!("  {name} is for the code in {}\n", one_line(code)));
        }
    }
    text
}

fn row(repository: &RepositoryListed) -> [String; 5] {
    let or_empty = |field: &Option<String>| field.as_deref().map(one_line).unwrap_or_default();
    let origin = match repository.origin {
        Origin::Settings => "",
        Origin::Environment => "(from a client's environment)",
    };
    [
        one_line(&repository.name),
        repository.state.map_or("", state).to_owned(),
        or_empty(&repository.branch),
        one_line(&repository.directory),
        format!("{} {origin}", or_empty(&repository.url))
            .trim()
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::RepositoryState;

    use super::*;

    #[test]
    fn a_list_names_remotes_and_checkouts() {
        let local = RepositoryListed {
            name: "local".into(),
            url: None,
            branch: None,
            directory: String::new(),
            code: Vec::new(),
            state: None,
            origin: Origin::Settings,
        };
        let acme = RepositoryListed {
            name: "acme".into(),
            url: Some("/srv/t.git\u{7}".into()),
            branch: Some("main".into()),
            code: vec!["/home/alice/src/acme".into()],
            state: Some(RepositoryState::Synced),
            origin: Origin::Environment,
            ..local.clone()
        };
        expect![[r#"
            local
            acme   in step  main  /srv/t.git␇ (from a client's environment)
              acme is for the code in /home/alice/src/acme
        "#]]
        .assert_eq(&text(&[local, acme]));
    }
}
