//! Topics, ours and others'.

use super::*;

#[track_caller]
fn check(text: &str, expected: Result<(), (TopicFault, &str)>) {
    let found = Topic::parse(text);
    let found = found.as_ref().map(|topic| assert_eq!(topic.as_str(), text));
    assert_eq!(
        found.map_err(|error| (error.fault, error.suggestion.as_str())),
        expected,
        "{text}"
    );
}

#[test]
fn ours_are_strict_and_come_with_a_suggestion() {
    use TopicFault::{Characters, Empty, Ends, Reserved, TooLong};
    let longest = "x".repeat(TOPIC_CHARS_MAX);
    for text in [
        "a",
        "a..b",
        "auth-refactor",
        "v1.2_x",
        "A9",
        "com10",
        "com0",
        "console",
        &longest,
    ] {
        check(text, Ok(()));
    }
    check("", Err((Empty, "thread")));
    check("Feature Auth", Err((Characters, "Feature-Auth")));
    check("a/b", Err((Characters, "a-b")));
    check("../../etc/passwd", Err((Characters, "etc-passwd")));
    check("日本語", Err((Characters, "thread")));
    check("a\nb", Err((Characters, "a-b")));
    check("...", Err((Ends, "thread")));
    check("-a_", Err((Ends, "a")));
    check("con", Err((Reserved, "thread-con")));
    check("NUL.txt", Err((Reserved, "thread-NUL.txt")));
    check("com1", Err((Reserved, "thread-com1")));
    check("LPT9.a.b", Err((Reserved, "thread-LPT9.a.b")));
    check(&format!("{longest}x"), Err((TooLong, &longest)));
    check(&format!("{longest} x"), Err((Characters, &longest)));
}

#[test]
fn others_are_taken_as_they_are_where_every_system_can_have_them() {
    for name in [
        "a.md",
        "日本語.md",
        "a b.md",
        "_x_.md",
        "a.md.md",
        "README.md",
        "a'.md",
        "a..b.md",
    ] {
        let topic = Topic::of_file_name(name).unwrap();
        assert_eq!(topic.file_name(), name);
        let json = serde_json::to_string(&topic).unwrap();
        assert_eq!(serde_json::from_str::<Topic>(&json).unwrap(), topic);
    }
    let too_long = format!("{}.md", "x".repeat(253));
    for name in [
        "", ".md", ".a.md", "a", "a.txt", "a.MD", "a/b.md", "a\\b.md", "..md", "a\0.md", "a\n.md",
        "a:b.md", "a?.md", "con.md", "Aux.x.md", "com¹.md", "nul .md", &too_long,
    ] {
        assert_eq!(Topic::of_file_name(name), None, "{name}");
    }
    assert!(serde_json::from_str::<Topic>(r#""../x""#).is_err());
}

#[test]
fn another_case_of_a_name_is_found() {
    let topics: Vec<_> = ["Auth", "auth", "ÄB"]
        .map(|it| Topic::of_file_name(&format!("{it}.md")).unwrap())
        .into();
    let other = |text: &str| {
        let topic = Topic::of_file_name(&format!("{text}.md")).unwrap();
        other_case(&topic, &topics).map(Topic::as_str)
    };
    assert_eq!(other("AUTH"), Some("Auth"));
    assert_eq!(other("Auth"), Some("auth"));
    assert_eq!(other("äb"), Some("ÄB"));
    assert_eq!(other("auth2"), None);
}
