//! What becomes of a client's file of hooks, put in and taken out.

use super::*;

const PROGRAM: &str = "/home/alice/.local/bin/watercooler";

fn file(client: &str) -> HookFile {
    let mut files = HOOK_FILES.into_iter();
    files.find(|file| file.client == client).unwrap()
}

#[test]
fn the_forms_are_those_of_the_documents() {
    fn check(client: &str) {
        let text = put(&file(client), None, "/bin/watercooler")
            .unwrap()
            .unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        let documents = include_str!("../../../../docs/agents.md");
        let blocks = documents.split("```json\n").skip(1);
        let blocks = blocks.filter_map(|block| block.split("```").next());
        let own = format!("--client {client}");
        let shown = blocks
            .filter(|block| block.contains("watercooler hook session-start"))
            .find(|block| block.contains(&own) || client == "claude-code");
        let shown = shown
            .unwrap()
            .replace("watercooler hook", "/bin/watercooler hook");
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(written["hooks"], shown["hooks"], "{client}");
        assert_eq!(written["version"], shown["version"], "{client}");
    }
    for client in ["claude-code", "codex", "cursor"] {
        check(client);
    }
}

#[test]
fn what_others_wrote_stays_and_ours_goes() {
    fn check(client: &str, before: &str) {
        let file = file(client);
        let on = put(&file, Some(before), PROGRAM).unwrap().unwrap();
        assert!(on.contains(PROGRAM), "{on}");
        assert_eq!(
            put(&file, Some(&on), PROGRAM).unwrap(),
            None,
            "twice is once"
        );
        let moved = put(&file, Some(&on), "/opt/w/bin/watercooler")
            .unwrap()
            .unwrap();
        assert!(!moved.contains(PROGRAM), "{moved}");
        let off = take(&file, &moved).unwrap().unwrap();
        assert!(!off.contains("watercooler hook"), "{off}");
        assert!(!off.contains("mcp__watercooler"), "{off}");
        assert_eq!(take(&file, &off).unwrap(), None);
        let (_, off) = edit::bare(&off);
        let (_, before) = edit::bare(before);
        assert_eq!(
            rest(&file, value(off).unwrap()),
            rest(&file, value(before).unwrap())
        );
        for kept in ["// mine", "/usr/bin/other", "Bash(ls)", "\r\n"] {
            assert_eq!(off.contains(kept), before.contains(kept), "{kept} in {off}");
        }
    }
    for client in ["claude-code", "codex", "cursor"] {
        check(client, "");
        check(client, "{}\r\n");
        check(client, "\u{feff}{\n  // mine\n  \"model\": \"x\",\n}\n");
    }
    check(
        "claude-code",
        r#"{
  "permissions": {"allow": ["Bash(ls)", "mcp__other__x"], "deny": []}, // mine
  "hooks": {
    "Stop": [{"matcher": "", "hooks": [{"type": "command", "command": "/usr/bin/other hook wait"}]}]
  }
}"#,
    );
    check(
        "cursor",
        r#"{"version": 1, "hooks": {"sessionStart": [{"command": "/usr/bin/other"}], "stop": []}}"#,
    );
}

#[test]
fn a_hook_beside_ours_in_one_group_stays() {
    let text = r#"{"hooks": {"Stop": [{"hooks": [{"command": "a"}, {"command": "/x/watercooler hook wait"}]}]}}"#;
    let off = take(&file("codex"), text).unwrap();
    assert_eq!(off, None, "Codex has no such moment");
    let off = take(&file("claude-code"), text).unwrap().unwrap();
    let off: Value = serde_json::from_str(&off).unwrap();
    assert_eq!(
        off["hooks"]["Stop"][0]["hooks"],
        serde_json::json!([{"command": "a"}])
    );
}

#[test]
fn what_a_person_wrote_by_name_is_enough_and_theirs() {
    let text = r#"{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "watercooler hook session-start"}]}]}}"#;
    let on = put(&file("codex"), Some(text), PROGRAM).unwrap().unwrap();
    assert_eq!(on.matches("hook session-start").count(), 1, "{on}");
    let off = take(&file("codex"), &on).unwrap().unwrap();
    assert_eq!(off.matches("hook session-start").count(), 1, "{off}");
}

#[test]
fn a_file_that_is_not_understood_is_left_alone() {
    fn check(text: &str) {
        let refused = put(&file("claude-code"), Some(text), PROGRAM);
        assert!(refused.is_err(), "{text}: {refused:?}");
    }
    check("{ broken");
    check("[]");
    check(r#"{"hooks": []}"#);
    check(r#"{"hooks": {"Stop": {}}}"#);
    check(r#"{"hooks": {}, "hooks": {}}"#);
    check(r#"{"permissions": {"allow": "all"}}"#);
}

#[test]
fn odd_folders_are_quoted_for_the_shell_and_read_back() {
    fn check(program: &str, expected: &str) {
        let line = command(program, "wait");
        assert_eq!(line, expected);
        let moment = file("claude-code").moments[2];
        assert_eq!(runs(&line, &moment), Some(Runs::ByPath), "{line}");
    }
    check("/a/watercooler", "/a/watercooler hook wait");
    check("/a b/watercooler", "\"/a b/watercooler\" hook wait");
    check(
        r"C:\A\watercooler.exe",
        "\"C:\\A\\watercooler.exe\" hook wait",
    );
    check("/a$'/watercooler", r"'/a$'\''/watercooler' hook wait");
}
