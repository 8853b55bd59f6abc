//! What becomes of the ten clients' files: absent, empty, with others' servers, with comments, with
//! ours already, broken.

use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::edit::{self, EditError, Form};
use super::{CLIENTS, Places, System, named};

const SHIM: &str = "/home/alice/.local/bin/watercooler-mcp";

fn form(client: &str) -> Form {
    named(client).expect("a known client").form
}

fn put(form: Form, text: &str) -> Result<Option<String>, EditError> {
    edit::put(form, Some(text), SHIM)
}

fn check(client: &str, before: &str, expected: Expect) {
    let form = form(client);
    let after = put(form, before)
        .expect("it can be written")
        .expect("it changes");
    expected.assert_eq(&after);
    assert_eq!(edit::command(form, &after).unwrap().as_deref(), Some(SHIM));
    assert_eq!(put(form, &after), Ok(None), "twice is once");
    // With Windows' line ends and a byte order mark it is the same.
    let marked = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let crlf = put(form, &marked(before)).unwrap();
    if before.contains('\n') {
        assert_eq!(crlf, Some(marked(&after)));
    }
    // What was ours goes, and all else is as it was, but for a table that we had to make.
    let without = edit::take(form, &after).unwrap().expect("it is there");
    assert_eq!(edit::take(form, &without), Ok(None));
    assert_eq!(edit::command(form, &without), Ok(None));
    if !before.contains("watercooler") {
        assert_eq!(put(form, &without).unwrap(), Some(after));
    }
}

#[test]
fn an_absent_or_empty_file_is_begun() {
    check(
        "cursor",
        "",
        expect![[r#"
        {
          "mcpServers": {
            "watercooler": {
              "command": "/home/alice/.local/bin/watercooler-mcp",
              "args": []
            }
          }
        }
    "#]],
    );
    check(
        "vscode",
        "{}",
        expect![[r#"
        {
          "servers": {
            "watercooler": {
              "type": "stdio",
              "command": "/home/alice/.local/bin/watercooler-mcp",
              "args": []
            }
          }
        }"#]],
    );
    check(
        "codex",
        "",
        expect![[r#"
        [mcp_servers.watercooler]
        command = "/home/alice/.local/bin/watercooler-mcp"
        args = []
    "#]],
    );
    check(
        "goose",
        "",
        expect![[r#"
        extensions:
          watercooler:
            name: watercooler
            type: stdio
            cmd: "/home/alice/.local/bin/watercooler-mcp"
            args: []
            envs: {}
            enabled: true
            timeout: 300
    "#]],
    );
}

#[test]
fn others_servers_and_comments_stay() {
    check(
        "claude-code",
        "{\n    \"numStartups\": 3,\n    \"mcpServers\": {\n        \"other\": {\"command\": \"other\", \"args\": [\"-x\"]}\n    },\n    \"last\": null\n}\n",
        expect![[r#"
        {
            "numStartups": 3,
            "mcpServers": {
                "other": {"command": "other", "args": ["-x"]},
                "watercooler": {
                    "type": "stdio",
                    "command": "/home/alice/.local/bin/watercooler-mcp",
                    "args": []
                }
            },
            "last": null
        }
    "#]],
    );
    check(
        "zed",
        "// Settings\n{\n  \"theme\": \"One\", // dark\n  \"context_servers\": {\n    /* mine */\n    \"other\": { \"command\": \"o\" },\n  },\n}\n",
        expect![[r#"
        // Settings
        {
          "theme": "One", // dark
          "context_servers": {
            /* mine */
            "other": { "command": "o" },
            "watercooler": {
              "command": "/home/alice/.local/bin/watercooler-mcp",
              "args": [],
            },
          },
        }
    "#]],
    );
    check(
        "claude-desktop",
        "{\"mcpServers\":{}}",
        expect![[r#"
        {"mcpServers":{
            "watercooler": {
              "command": "/home/alice/.local/bin/watercooler-mcp",
              "args": []
            }
          }}"#]],
    );
}

#[test]
fn others_tables_and_comments_stay() {
    check(
        "codex",
        "# mine\nmodel = \"o\"   # best\n\n[mcp_servers.other]\ncommand = \"o\"\n\n[mcp_servers.other.env]\nA = \"1\"\n",
        expect![[r##"
        # mine
        model = "o"   # best

        [mcp_servers.other]
        command = "o"

        [mcp_servers.other.env]
        A = "1"

        [mcp_servers.watercooler]
        command = "/home/alice/.local/bin/watercooler-mcp"
        args = []
    "##]],
    );
    check(
        "codex",
        "model = \"o\"",
        expect![[r#"
        model = "o"

        [mcp_servers.watercooler]
        command = "/home/alice/.local/bin/watercooler-mcp"
        args = []
    "#]],
    );
}

#[test]
fn others_blocks_and_comments_stay() {
    check(
        "goose",
        "# mine\nGOOSE_PROVIDER: x\nextensions:\n    developer:\n        enabled: true   # always\n        type: builtin\nkeyring: true\n",
        expect![[r##"
        # mine
        GOOSE_PROVIDER: x
        extensions:
            watercooler:
              name: watercooler
              type: stdio
              cmd: "/home/alice/.local/bin/watercooler-mcp"
              args: []
              envs: {}
              enabled: true
              timeout: 300
            developer:
                enabled: true   # always
                type: builtin
        keyring: true
    "##]],
    );
    check(
        "goose",
        "extensions: {}\n",
        expect![[r#"
        extensions:
          watercooler:
            name: watercooler
            type: stdio
            cmd: "/home/alice/.local/bin/watercooler-mcp"
            args: []
            envs: {}
            enabled: true
            timeout: 300
    "#]],
    );
    check(
        "goose",
        "a: 1\n",
        expect![[r#"
        a: 1
        extensions:
          watercooler:
            name: watercooler
            type: stdio
            cmd: "/home/alice/.local/bin/watercooler-mcp"
            args: []
            envs: {}
            enabled: true
            timeout: 300
    "#]],
    );
}

#[test]
fn an_older_place_of_ours_is_renewed_and_what_people_added_stays() {
    check(
        "cursor",
        "{\"mcpServers\": {\"watercooler\": {\"command\": \"C:\\\\old\\\\watercooler-mcp.exe\", \"args\": [\"--read-only\"], \"env\": {\"A\": \"1\"}}}}",
        expect![[
            r#"{"mcpServers": {"watercooler": {"command": "/home/alice/.local/bin/watercooler-mcp", "args": ["--read-only"], "env": {"A": "1"}}}}"#
        ]],
    );
    check(
        "codex",
        "[mcp_servers.watercooler]\ncommand = \"/old/watercooler-mcp\" # here\nargs = [\"--read-only\"]\nstartup_timeout_sec = 20\n\n[mcp_servers.watercooler.env]\nA = \"1\"\n\n# other\n[tui]\nx = 1\n",
        expect![[r#"
        [mcp_servers.watercooler]
        command = "/home/alice/.local/bin/watercooler-mcp" # here
        args = ["--read-only"]
        startup_timeout_sec = 20

        [mcp_servers.watercooler.env]
        A = "1"

        # other
        [tui]
        x = 1
    "#]],
    );
    check(
        "goose",
        "extensions:\n  a:\n    cmd: a\n  watercooler:\n    cmd: /old/watercooler-mcp\n    enabled: false\n\n    # note\n    timeout: 9\n  z:\n    cmd: z\n",
        expect![[r#"
        extensions:
          a:
            cmd: a
          watercooler:
            cmd: "/home/alice/.local/bin/watercooler-mcp"
            enabled: false

            # note
            timeout: 9
          z:
            cmd: z
    "#]],
    );
}

/// Refused, by both, with nothing changed.
fn refused(client: &str, before: &str, expected: Expect) {
    let form = form(client);
    let error = put(form, before).expect_err("it cannot be written");
    expected.assert_eq(&error.to_string());
}

#[test]
fn what_cannot_be_understood_is_left_alone() {
    refused(
        "cursor",
        "{\"mcpServers\": {",
        expect!["it cannot be read as JSON: Unterminated object on line 1 column 16"],
    );
    refused("cursor", "[]", expect!["it holds no object"]);
    refused(
        "cursor",
        "{\"mcpServers\": []}",
        expect!["`mcpServers` in it is no object"],
    );
    refused(
        "cursor",
        "{\"mcpServers\": {}, \"mcpServers\": {}}",
        expect!["`mcpServers` in it is no key that stands there once"],
    );
    refused(
        "cursor",
        "{\"mcpServers\": {\"watercooler\": {\"url\": \"https://example.com\"}}}",
        expect!["`watercooler` in it is no server that a command starts"],
    );
    refused(
        "cursor",
        "{\"mcpServers\": {\"watercooler\": {\"command\": \"python\"}}}",
        expect!["`watercooler` in it starts another program: python"],
    );
}

#[test]
fn tables_that_cannot_be_understood_are_left_alone() {
    refused(
        "codex",
        "a = \n",
        expect!["it cannot be read as TOML: string values must be quoted, expected literal string"],
    );
    refused(
        "codex",
        "mcp_servers = 1\n",
        expect!["`mcp_servers` in it is no table"],
    );
    refused(
        "codex",
        "mcp_servers = {}\n",
        expect!["it cannot be changed without changing what is not ours"],
    );
    refused(
        "codex",
        "[mcp_servers.watercooler]\ncommand = \"uvx\"\n",
        expect!["`watercooler` in it starts another program: uvx"],
    );
    refused(
        "codex",
        "a = \"\"\"\n[mcp_servers.watercooler]\n",
        expect![[r#"it cannot be read as TOML: invalid multi-line basic string, expected `"`"#]],
    );
    refused(
        "goose",
        "a: [\n",
        expect!["it cannot be read as YAML: error: line 1 column 4: unclosed bracket '['"],
    );
    refused(
        "goose",
        "extensions: 1\n",
        expect!["`extensions` in it is no mapping"],
    );
    refused(
        "goose",
        "extensions: {a: {cmd: a}}\n",
        expect!["it cannot be changed without changing what is not ours"],
    );
    refused(
        "goose",
        "extensions:\n  watercooler:\n    cmd: uvx\n",
        expect!["`watercooler` in it starts another program: uvx"],
    );
    refused(
        "goose",
        "a: 1\n---\nb: 2\n",
        expect![
            "it cannot be read as YAML: error: line 3 column 1: multiple YAML documents detected; use from_str_multiple or from_str_multiple_with_options"
        ],
    );
}

#[test]
fn what_is_anothers_is_not_taken_out() {
    let cases = [
        (
            "cursor",
            "{\"mcpServers\": {\"watercooler\": {\"command\": \"python\"}}}",
        ),
        ("cursor", "{}"),
        ("cursor", ""),
        ("codex", "[mcp_servers.watercooler]\ncommand = \"uvx\"\n"),
        ("codex", "a = 1\n"),
        ("goose", "extensions:\n  watercooler:\n    cmd: uvx\n"),
        ("goose", "a: 1\n"),
    ];
    for (client, text) in cases {
        assert_eq!(edit::take(form(client), text), Ok(None), "{client}: {text}");
    }
}

#[test]
fn a_table_inside_a_text_is_not_taken_for_ours() {
    let text = "a = \"\"\"\n[mcp_servers.watercooler]\ncommand = \"/x/watercooler-mcp\"\n\"\"\"\n\
                [mcp_servers.watercooler]\ncommand = \"/x/watercooler-mcp\"\n";
    let taken = edit::take(Form::Toml, text);
    assert_eq!(taken, Err(EditError::NotAlone));
}

#[test]
fn each_system_has_its_own_places() {
    let places = |system, home: &str, settings: &str| Places {
        system,
        home: PathBuf::from(home),
        settings: PathBuf::from(settings),
        codex_home: None,
    };
    let systems = [
        places(System::Linux, "/home/alice", "/home/alice/.config"),
        places(
            System::MacOs,
            "/Users/alice",
            "/Users/alice/Library/Application Support",
        ),
        places(
            System::Windows,
            "C:/Users/alice",
            "C:/Users/alice/AppData/Roaming",
        ),
    ];
    let mut listed = String::new();
    for client in &CLIENTS {
        for places in &systems {
            let file = (client.file)(places);
            let file = file.map_or("-".to_owned(), |file| file.display().to_string());
            listed.push_str(&format!("{} {:?}: {file}\n", client.name, places.system));
            assert!(!(client.traces)(places).is_empty());
        }
    }
    expect![[r#"
        claude-code Linux: /home/alice/.claude.json
        claude-code MacOs: /Users/alice/.claude.json
        claude-code Windows: C:/Users/alice/.claude.json
        claude-desktop Linux: -
        claude-desktop MacOs: /Users/alice/Library/Application Support/Claude/claude_desktop_config.json
        claude-desktop Windows: C:/Users/alice/AppData/Roaming/Claude/claude_desktop_config.json
        codex Linux: /home/alice/.codex/config.toml
        codex MacOs: /Users/alice/.codex/config.toml
        codex Windows: C:/Users/alice/.codex/config.toml
        cursor Linux: /home/alice/.cursor/mcp.json
        cursor MacOs: /Users/alice/.cursor/mcp.json
        cursor Windows: C:/Users/alice/.cursor/mcp.json
        vscode Linux: /home/alice/.config/Code/User/mcp.json
        vscode MacOs: /Users/alice/Library/Application Support/Code/User/mcp.json
        vscode Windows: C:/Users/alice/AppData/Roaming/Code/User/mcp.json
        windsurf Linux: /home/alice/.codeium/windsurf/mcp_config.json
        windsurf MacOs: /Users/alice/.codeium/windsurf/mcp_config.json
        windsurf Windows: C:/Users/alice/.codeium/windsurf/mcp_config.json
        gemini Linux: /home/alice/.gemini/settings.json
        gemini MacOs: /Users/alice/.gemini/settings.json
        gemini Windows: C:/Users/alice/.gemini/settings.json
        zed Linux: /home/alice/.config/zed/settings.json
        zed MacOs: /Users/alice/.config/zed/settings.json
        zed Windows: C:/Users/alice/AppData/Roaming/Zed/settings.json
        goose Linux: /home/alice/.config/goose/config.yaml
        goose MacOs: /Users/alice/.config/goose/config.yaml
        goose Windows: C:/Users/alice/AppData/Roaming/Block/goose/config/config.yaml
        cline Linux: /home/alice/.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json
        cline MacOs: /Users/alice/Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json
        cline Windows: C:/Users/alice/AppData/Roaming/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json
    "#]].assert_eq(&listed);
    let mut places = places(System::Linux, "/home/alice", "/home/alice/.config");
    places.codex_home = Some("/srv/codex".into());
    let file = (named("codex").unwrap().file)(&places);
    assert_eq!(file, Some("/srv/codex/config.toml".into()));
}
