//! The MCP clients that are known: where each keeps its servers, and in which form.
//!
//! Source of the paths and keys: each vendor's own documentation; which of them were tried is in
//! `docs/agents.md`.

use std::path::{Path, PathBuf};

pub(crate) mod edit;
pub(crate) mod hooks;
mod json;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

use crate::clients::edit::Form;

/// What our server is called everywhere.
pub(crate) const SERVER: &str = "watercooler";

/// The systems, as data, so that the paths of all three are tested on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

/// A person's folders.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) system: System,
    pub(crate) home: PathBuf,
    /// `$XDG_CONFIG_HOME`, `~/Library/Application Support`, `%APPDATA%`.
    pub(crate) settings: PathBuf,
    /// `$CODEX_HOME`, where it is set.
    pub(crate) codex_home: Option<PathBuf>,
}

/// One client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// As `--client` takes it.
    pub(crate) name: &'static str,
    /// As people call it.
    pub(crate) title: &'static str,
    /// How its servers are written.
    pub(crate) form: Form,
    /// The file that holds its servers; `None` where it does not run on that system.
    pub(crate) file: fn(&Places) -> Option<PathBuf>,
    /// What is there where it is used, one of them.
    pub(crate) traces: fn(&Places) -> Vec<PathBuf>,
    /// The vendor's own program that writes the file, where that is better than writing it.
    pub(crate) vendor: Option<&'static str>,
}

/// All of them, in the order in which they are shown.
pub(crate) const CLIENTS: [Client; 10] = [
    Client {
        name: "claude-code",
        title: "Claude Code",
        form: Form::Json {
            servers: "mcpServers",
            typed: true,
        },
        file: |places| Some(places.home.join(".claude.json")),
        traces: |places| {
            vec![
                places.home.join(".claude.json"),
                places.home.join(".claude"),
            ]
        },
        // Running sessions write the file too.
        vendor: Some("claude"),
    },
    Client {
        name: "claude-desktop",
        title: "Claude Desktop",
        form: Form::Json {
            servers: "mcpServers",
            typed: false,
        },
        file: |places| match places.system {
            System::Linux => None,
            System::MacOs | System::Windows => {
                Some(places.settings.join("Claude/claude_desktop_config.json"))
            }
        },
        traces: |places| vec![places.settings.join("Claude")],
        vendor: None,
    },
    Client {
        name: "codex",
        title: "Codex",
        form: Form::Toml,
        file: |places| Some(codex_home(places).join("config.toml")),
        traces: |places| vec![codex_home(places)],
        vendor: None,
    },
    Client {
        name: "cursor",
        title: "Cursor",
        form: Form::Json {
            servers: "mcpServers",
            typed: false,
        },
        file: |places| Some(places.home.join(".cursor/mcp.json")),
        traces: |places| vec![places.home.join(".cursor")],
        vendor: None,
    },
    Client {
        name: "vscode",
        title: "VS Code",
        form: Form::Json {
            servers: "servers",
            typed: true,
        },
        file: |places| Some(code_user(places).join("mcp.json")),
        traces: |places| vec![code_user(places)],
        vendor: None,
    },
    Client {
        name: "windsurf",
        title: "Windsurf",
        form: Form::Json {
            servers: "mcpServers",
            typed: false,
        },
        file: |places| Some(places.home.join(".codeium/windsurf/mcp_config.json")),
        traces: |places| vec![places.home.join(".codeium/windsurf")],
        vendor: None,
    },
    Client {
        name: "gemini",
        title: "Gemini CLI",
        form: Form::Json {
            servers: "mcpServers",
            typed: false,
        },
        file: |places| Some(places.home.join(".gemini/settings.json")),
        traces: |places| vec![places.home.join(".gemini")],
        vendor: None,
    },
    Client {
        name: "zed",
        title: "Zed",
        form: Form::Json {
            servers: "context_servers",
            typed: false,
        },
        file: |places| Some(zed(places).join("settings.json")),
        traces: |places| vec![zed(places)],
        vendor: None,
    },
    Client {
        name: "goose",
        title: "Goose",
        form: Form::Yaml,
        file: |places| Some(goose(places).join("config.yaml")),
        traces: |places| vec![goose(places)],
        vendor: None,
    },
    Client {
        name: "cline",
        title: "Cline",
        form: Form::Json {
            servers: "mcpServers",
            typed: false,
        },
        file: |places| Some(cline(places).join("settings/cline_mcp_settings.json")),
        traces: |places| vec![cline(places)],
        vendor: None,
    },
];

/// The client of that name.
pub(crate) fn named(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name)
}

fn codex_home(places: &Places) -> PathBuf {
    let own = places.codex_home.clone();
    own.unwrap_or_else(|| places.home.join(".codex"))
}

fn code_user(places: &Places) -> PathBuf {
    places.settings.join("Code/User")
}

fn cline(places: &Places) -> PathBuf {
    code_user(places).join("globalStorage/saoudrizwan.claude-dev")
}

fn zed(places: &Places) -> PathBuf {
    match places.system {
        System::Linux => places.settings.join("zed"),
        System::MacOs => places.home.join(".config/zed"),
        System::Windows => places.settings.join("Zed"),
    }
}

fn goose(places: &Places) -> PathBuf {
    match places.system {
        System::Linux => places.settings.join("goose"),
        System::MacOs => places.home.join(".config/goose"),
        System::Windows => places.settings.join("Block/goose/config"),
    }
}

/// Whether a command is our shim, at whatever place: such an entry is ours to change and remove.
fn is_ours(command: &str) -> bool {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name == "watercooler-mcp"
}

/// A path as the files write it; they cannot hold other bytes.
pub(crate) fn written(command: &Path) -> Option<&str> {
    command.to_str()
}
