//! Hostile files of some size take no quadratic time: each of these would run for hours.

use threads::parse::parse;

#[test]
fn many_entries_of_one_id() {
    let mut file = String::from("Status: x\nBall: y\n");
    for at in 0..20_000 {
        file += &format!("\n---\nEntry: a 2026-01-01T00:00:00Z\n\n{at}\n<!-- Entry-ID: A -->\n");
    }
    let (thread, problems) = parse(file.as_bytes());
    assert_eq!((thread.entries().len(), problems.len()), (20_000, 19_999));
    assert_eq!(thread.entries()[1].id.as_ref().unwrap().plain(), "A");
}

#[test]
fn blank_lines_without_end() {
    let blank = "\n".repeat(2_000_000);
    let entry = "Entry: a 2026-01-01T00:00:00Z\n";
    let file = format!("{entry}{blank}{entry}{blank}---\n{entry}{blank}");
    assert_eq!(parse(file.as_bytes()).0.entries().len(), 3);
}

#[test]
fn comments_that_never_close() {
    let file = format!(
        "Entry: a 2026-01-01T00:00:00Z\n\n{}",
        "<!-- Entry-ID: ".repeat(100_000)
    );
    assert_eq!(parse(file.as_bytes()).0.entries()[0].id, None);
    let file = format!(
        "Entry: a 2026-01-01T00:00:00Z\n\n{}",
        "<!--\n \n".repeat(100_000)
    );
    assert_eq!(parse(file.as_bytes()).0.entries()[0].id, None);
}

#[test]
fn an_id_of_any_length() {
    let file = format!(
        "Entry: a 2026-01-01T00:00:00Z\n\n<!-- Entry-ID: {} -->\n",
        "A".repeat(1 << 20)
    );
    let (thread, problems) = parse(file.as_bytes());
    assert_eq!(thread.entries()[0].id, None);
    assert!(
        problems
            .iter()
            .any(|problem| problem.to_string().contains("too long"))
    );
}
