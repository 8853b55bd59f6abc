//! The names of agents: which client is whom.

use std::collections::BTreeMap;

use crate::lines::is_blank_char;
use crate::print::AGENT_DEFAULT;

/// Characters that an agent's name may have at most.
pub const NAME_CHARS_MAX: usize = 40;

/// The names that MCP clients give themselves, and the agents that they are. Beside these every
/// agent's own name is known, in any case.
const BUILTIN: [(&str, &str); 42] = [
    ("claude-code", "Claude"),
    ("claude code", "Claude"),
    ("claude-ai", "Claude"),
    ("claude.ai", "Claude"),
    ("claude-desktop", "Claude"),
    ("claude desktop", "Claude"),
    ("anthropic/claudeai", "Claude"),
    ("local-agent-mode-watercooler", "Claude"),
    ("codex-mcp-client", "Codex"),
    ("codex-cli", "Codex"),
    ("codex cli", "Codex"),
    ("codex-vscode", "Codex"),
    ("codex_cli_rs", "Codex"),
    ("openai-mcp", "ChatGPT"),
    ("chatgpt", "ChatGPT"),
    ("cursor", "Cursor"),
    ("cursor-vscode", "Cursor"),
    ("cursor-agent", "Cursor"),
    ("cursor-cli", "Cursor"),
    ("gemini-cli", "Gemini"),
    ("gemini-cli-mcp-client", "Gemini"),
    ("gemini cli", "Gemini"),
    ("antigravity-client", "Antigravity"),
    ("windsurf", "Windsurf"),
    ("windsurf-client", "Windsurf"),
    ("visual studio code", "Copilot"),
    ("visual studio code - insiders", "Copilot"),
    ("vscode", "Copilot"),
    ("github-copilot", "Copilot"),
    ("github-copilot-developer", "Copilot"),
    ("copilot-cli", "Copilot"),
    ("zed", "Zed"),
    ("zed-preview", "Zed"),
    ("goose", "Goose"),
    ("goose-desktop", "Goose"),
    ("cline", "Cline"),
    ("roo code", "Roo"),
    ("roo-code", "Roo"),
    ("kilo-code", "Kilo"),
    ("opencode", "OpenCode"),
    ("qwen-code", "Qwen"),
    ("continue-client", "Continue"),
];

/// Names that are no client's and known all the same.
const OTHERS: [&str; 2] = ["Human", "Team"];

/// The canonical table: built in, and the settings' `agents.canonical`.
#[derive(Debug, Clone)]
pub struct Names {
    /// From names in small letters.
    table: BTreeMap<String, String>,
}

impl Names {
    /// The table that is built in.
    pub fn builtin() -> Names {
        let own = BUILTIN
            .iter()
            .map(|(_, name)| *name)
            .chain(OTHERS)
            .map(|name| (name, name));
        let table = own
            .chain(BUILTIN)
            .map(|(key, name)| (folded(key), name.to_owned()))
            .collect();
        Names { table }
    }

    /// The table with more names, which count before those that are there.
    #[must_use]
    pub fn with(mut self, names: &BTreeMap<String, String>) -> Names {
        for (key, name) in names {
            let name = clean(name);
            self.table
                .entry(folded(&name))
                .or_insert_with(|| name.clone());
            self.table.insert(folded(key), name);
        }
        self
    }

    /// The agent's name for a client's own name. One that is not in the table is kept, with the
    /// characters `[A-Za-z0-9 ._-]`, 40 at most; nothing is `Agent`.
    pub fn canonical(&self, client: &str) -> String {
        self.known(client)
            .map_or_else(|| clean(client), str::to_owned)
    }

    /// The agent's name for a name in the table, in any case.
    pub fn known(&self, name: &str) -> Option<&str> {
        self.table.get(&folded(name)).map(String::as_str)
    }

    /// Whether two names mean the same agent.
    pub fn same_name(&self, one: &str, other: &str) -> bool {
        let name = |text: &str| self.known(text).map_or_else(|| folded(text), folded);
        name(one) == name(other)
    }
}

impl Default for Names {
    fn default() -> Names {
        Names::builtin()
    }
}

fn folded(name: &str) -> String {
    name.trim_matches(is_blank_char).to_lowercase()
}

fn clean(name: &str) -> String {
    let allowed = |char: &char| char.is_ascii_alphanumeric() || " ._-".contains(*char);
    let kept: String = name.chars().filter(allowed).collect();
    let cut: String = kept.trim().chars().take(NAME_CHARS_MAX).collect();
    let cut = cut.trim_end();
    if cut.is_empty() {
        AGENT_DEFAULT.to_owned()
    } else {
        cut.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_their_agents_names() {
        let settings = [("my-client", "Mine"), ("Cursor", "Curt <x>"), ("empty", "")];
        let settings = settings
            .map(|(key, name)| (key.to_owned(), name.to_owned()))
            .into();
        let names = Names::builtin().with(&settings);
        let longest = "x".repeat(NAME_CHARS_MAX);
        for (client, name) in [
            ("claude-code", "Claude"),
            ("codex-mcp-client", "Codex"),
            ("gemini-cli", "Gemini"),
            ("Visual Studio Code", "Copilot"),
            (" CLAUDE ", "Claude"),
            ("MY-CLIENT", "Mine"),
            ("mine", "Mine"),
            ("cursor", "Curt x"),
            ("empty", "Agent"),
            ("", "Agent"),
            ("日本", "Agent"),
            ("some bot v1.2_x-y", "some bot v1.2_x-y"),
            ("bad\nEntry: <name>", "badEntry name"),
            (&format!("{longest}x"), &longest),
        ] {
            assert_eq!(names.canonical(client), name, "{client}");
        }
        assert_eq!(Names::default().canonical("cursor"), "Cursor");
    }

    #[test]
    fn the_table_holds_what_it_would_make_itself() {
        for (key, name) in BUILTIN {
            assert_eq!(folded(key), key);
            assert_eq!(clean(name), name);
        }
    }

    #[test]
    fn names_are_the_same_by_the_table() {
        let names = Names::builtin();
        assert!(names.same_name("claude-code", "CLAUDE"));
        assert!(names.same_name("Zoë", "zOË"));
        assert!(!names.same_name("Claude", "Codex"));
    }
}
