//! Tests of the edits: text in, text out.

use expect_test::{Expect, expect};

use super::*;

const FILE: &str = r#"# Settings of alice.

[identity]
user = "alice" # the tag

# The team's.
[[repository]]
name = "acme"
url  = "git@github.com:acme/acme-threads.git" # ssh
code = [
    "/home/alice/src/acme", # the checkout
]

# About notifications.
[notify]
ball = true
# end
"#;

fn wanted(url: &str) -> Wanted {
    Wanted {
        url: url.into(),
        ..Wanted::default()
    }
}

fn check_add(text: &str, wanted: &Wanted, name: &str, expected: Expect) {
    let edited = add(text, wanted).unwrap();
    assert_eq!(edited.name, name);
    expected.assert_eq(&edited.text);
    assert_eq!(
        add(&edited.text, wanted).unwrap(),
        edited,
        "adding twice changes nothing"
    );
    assert!(
        list(&edited.text)
            .unwrap()
            .iter()
            .any(|each| each.name == name)
    );
}

#[test]
fn a_first_repository_is_added_to_no_file() {
    check_add(
        "",
        &Wanted {
            branch: Some("threads".into()),
            directory: Some(".watercooler".into()),
            code: vec!["/home/alice/src/acme".into(), r"C:\src".into()],
            header: Some("classic".into()),
            ssh_key: Some("/home/alice/.ssh/id".into()),
            ..wanted("https://host/acme/Threads.git")
        },
        "threads",
        expect![[r#"
            [[repository]]
            name = "threads"
            url = "https://host/acme/Threads.git"
            branch = "threads"
            directory = ".watercooler"
            header = "classic"
            ssh_key = "/home/alice/.ssh/id"
            code = ["/home/alice/src/acme", 'C:\src']
        "#]],
    );
}

#[test]
fn comments_and_order_stay_where_one_is_added() {
    check_add(
        FILE,
        &wanted("/srv/git/acme.git"),
        "acme-2",
        expect![[r#"
            # Settings of alice.

            [identity]
            user = "alice" # the tag

            # The team's.
            [[repository]]
            name = "acme"
            url  = "git@github.com:acme/acme-threads.git" # ssh
            code = [
                "/home/alice/src/acme", # the checkout
            ]

            [[repository]]
            name = "acme-2"
            url = "/srv/git/acme.git"

            # About notifications.
            [notify]
            ball = true
            # end
        "#]],
    );
}

#[test]
fn the_same_remote_is_not_added_again_but_takes_what_is_given_besides() {
    let url = "git@github.com:acme/acme-threads.git";
    let again = add(FILE, &wanted(url)).unwrap();
    assert_eq!((again.text.as_str(), again.name.as_str()), (FILE, "acme"));
    check_add(
        FILE,
        &Wanted {
            code: vec!["/home/alice/src/other".into()],
            branch: Some("main".into()),
            ..wanted(url)
        },
        "acme",
        expect![[r##"
            # Settings of alice.

            [identity]
            user = "alice" # the tag

            # The team's.
            [[repository]]
            name = "acme"
            url  = "git@github.com:acme/acme-threads.git" # ssh
            code = [
                "/home/alice/src/acme", # the checkout
                "/home/alice/src/other",
            ]
            branch = "main"

            # About notifications.
            [notify]
            ball = true
            # end
        "##]],
    );
}

#[test]
fn a_local_repository_is_given_a_remote() {
    check_add(
        "[[repository]]\nname = \"local\" # mine\nurl = \"\" # none yet\n",
        &Wanted {
            name: Some("local".into()),
            ..wanted("/srv/t.git")
        },
        "local",
        expect![[r#"
            [[repository]]
            name = "local" # mine
            url = "/srv/t.git" # none yet
        "#]],
    );
}

#[test]
fn a_taken_name_is_refused() {
    let other = Wanted {
        name: Some("acme".into()),
        ..wanted("/srv/t.git")
    };
    assert!(matches!(add(FILE, &other), Err(SettingsError::NameTaken(name)) if name == "acme"));
}

#[test]
fn another_name_for_the_same_remote_is_another_repository() {
    let other = Wanted {
        name: Some("copy".into()),
        ..wanted("git@github.com:acme/acme-threads.git")
    };
    assert_eq!(list(&add(FILE, &other).unwrap().text).unwrap().len(), 2);
}

fn check_remove(text: &str, name: &str, expected: Expect) {
    expected.assert_eq(&remove(text, name).unwrap());
}

#[test]
fn a_table_goes_with_its_own_comment_alone() {
    check_remove(
        FILE,
        "acme",
        expect![[r##"
            # Settings of alice.

            [identity]
            user = "alice" # the tag

            # About notifications.
            [notify]
            ball = true
            # end
        "##]],
    );
    check_remove(
        "# The head of the file.\n\n# Mine.\n[[repository]]\nname = \"a\"\n\n# Yours.\n[[repository]]\nname = \"b\"\n",
        "a",
        expect![[r#"
            # The head of the file.

            # Yours.
            [[repository]]
            name = "b"
        "#]],
    );
    check_remove(
        "# The head of the file.\n\n[[repository]]\nname = \"a\"\n# end\n",
        "a",
        expect![[r#"
            # The head of the file.

            # end
        "#]],
    );
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    assert!(matches!(
        remove(FILE, "x"),
        Err(SettingsError::NoSuchName(_))
    ));
    assert!(matches!(
        remove("", "local"),
        Err(SettingsError::NoSuchName(_))
    ));
}

#[test]
fn other_forms_and_broken_files_are_left_alone() {
    let inline = "repository = [{ name = \"a\" }]\n";
    assert!(matches!(
        add(inline, &wanted("/t")),
        Err(SettingsError::OtherForm)
    ));
    assert!(matches!(
        add("[[repository]\n", &wanted("/t")),
        Err(SettingsError::Malformed(_))
    ));
}

#[test]
fn a_list_without_a_daemon_shows_no_credentials_and_the_local_repository() {
    let names = |text: &str| -> Vec<_> {
        let listed = list(text).unwrap().into_iter();
        listed
            .map(|each| (each.name, each.url, each.code))
            .collect()
    };
    assert_eq!(names(""), [("local".to_owned(), None, Vec::new())]);
    let secret = "[[repository]]\nname = \"a\"\nurl = \"https://u:secret@h/t\"\ncode = [\"/c\"]\n";
    let shown = (
        "a".to_owned(),
        Some("https://h/t".to_owned()),
        vec!["/c".to_owned()],
    );
    assert_eq!(names(secret), [shown]);
}
