//! The hooks by which a client asks `watercooler hook` what waits: put into its file and taken out,
//! changing nothing else. Source of the forms: `docs/agents.md`.

use std::path::PathBuf;

use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value;

use crate::clients::edit::{self, EditError};
use crate::clients::json::{object, only, parsed, shape, value, whole};
use crate::clients::{Places, SERVER, codex_home};

/// For how many seconds an idle session can be woken.
const WAIT_SECONDS: &str = "86400";

/// The tools that change nothing. Source: the outside contract, section 5, `--read-only`.
const READING_TOOLS: [&str; 7] = [
    "list_threads",
    "read_thread",
    "list_updates",
    "search",
    "sync",
    "health",
    "whoami",
];

/// A moment at which a client runs something, and what of ours.
#[derive(Clone, Copy, Debug)]
struct Moment {
    event: &'static str,
    /// What follows `watercooler hook`.
    words: &'static str,
    /// Whether it runs beside the session and may wake it.
    waits: bool,
}

/// A client's file of hooks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HookFile {
    /// The client, as `--client` takes it.
    pub(crate) client: &'static str,
    /// As people call what is written.
    pub(crate) title: &'static str,
    pub(crate) file: fn(&Places) -> PathBuf,
    /// Whether hooks stand in groups.
    grouped: bool,
    /// Whether the file says `"version": 1`.
    versioned: bool,
    /// Whether the reading tools are allowed in the same file.
    allows: bool,
    moments: &'static [Moment],
}

/// All of them.
pub(crate) const HOOK_FILES: [HookFile; 3] = [
    HookFile {
        client: "claude-code",
        title: "Claude Code's hooks, and leave to call the tools that only read",
        file: |places| places.home.join(".claude/settings.json"),
        grouped: true,
        versioned: false,
        allows: true,
        moments: &[
            Moment {
                event: "SessionStart",
                words: "session-start",
                waits: false,
            },
            Moment {
                event: "UserPromptSubmit",
                words: "prompt",
                waits: false,
            },
            Moment {
                event: "Stop",
                words: "wait",
                waits: true,
            },
        ],
    },
    HookFile {
        client: "codex",
        title: "Codex's hooks",
        file: |places| codex_home(places).join("hooks.json"),
        grouped: true,
        versioned: false,
        allows: false,
        moments: &[
            Moment {
                event: "SessionStart",
                words: "session-start --client codex",
                waits: false,
            },
            Moment {
                event: "UserPromptSubmit",
                words: "prompt --client codex",
                waits: false,
            },
        ],
    },
    HookFile {
        client: "cursor",
        title: "Cursor's hooks",
        file: |places| places.home.join(".cursor/hooks.json"),
        grouped: false,
        versioned: true,
        allows: false,
        moments: &[
            Moment {
                event: "sessionStart",
                words: "session-start --client cursor",
                waits: false,
            },
            Moment {
                event: "beforeSubmitPrompt",
                words: "prompt --client cursor",
                waits: false,
            },
        ],
    },
];

/// What the file's text becomes with our hooks running `program`; `None` where it has them. A hook
/// that a person wrote with the program's bare name is left as it is.
pub(crate) fn put(
    file: &HookFile,
    text: Option<&str>,
    program: &str,
) -> Result<Option<String>, EditError> {
    let (mark, old) = edit::bare(text.unwrap_or_default());
    let begun = if old.trim().is_empty() { "{}\n" } else { old };
    let root = parsed(begun)?;
    let top = whole(&root)?;
    let mut changed = false;
    if file.versioned && only(&top, "version")?.is_none() {
        top.append("version", CstInputValue::Number("1".to_owned()));
        changed = true;
    }
    let hooks = object_at(&top, "hooks")?;
    for moment in file.moments {
        let list = array_at(&hooks, moment.event)?;
        changed |= put_one(file, &list, moment, program)?;
    }
    if file.allows {
        changed |= allow(&top)?;
    }
    if !changed {
        return Ok(None);
    }
    finished(file, (mark, old), &root).map(Some)
}

/// What the file's text becomes without our hooks; `None` where it has none.
pub(crate) fn take(file: &HookFile, text: &str) -> Result<Option<String>, EditError> {
    let (mark, old) = edit::bare(text);
    if old.trim().is_empty() {
        return Ok(None);
    }
    let root = parsed(old)?;
    let top = whole(&root)?;
    let mut changed = false;
    if let Some(hooks) = only(&top, "hooks")? {
        let hooks = object(Some(hooks), "hooks")?;
        for moment in file.moments {
            let Some(list) = only(&hooks, moment.event)?.and_then(|list| list.as_array()) else {
                continue;
            };
            changed |= take_one(file, &list, moment)?;
        }
    }
    if file.allows {
        changed |= disallow(&top)?;
    }
    if !changed {
        return Ok(None);
    }
    finished(file, (mark, old), &root).map(Some)
}

/// The new text, held against the old one: apart from what is ours they say the same.
fn finished(
    file: &HookFile,
    (mark, old): (&str, &str),
    root: &CstRootNode,
) -> Result<String, EditError> {
    let new = root.to_string();
    let after = value(&new).map_err(|_| EditError::NotAlone)?;
    if rest(file, after) != rest(file, value(old)?) {
        return Err(EditError::NotAlone);
    }
    Ok(format!("{mark}{new}"))
}

fn put_one(
    file: &HookFile,
    list: &CstArray,
    moment: &Moment,
    program: &str,
) -> Result<bool, EditError> {
    let wanted = command(program, moment.words);
    for (_, hook) in hooks_in(file, list) {
        let Some(old) = command_of(&hook)? else {
            continue;
        };
        match runs(&old, moment) {
            None => (),
            Some(Runs::Bare) => return Ok(false),
            Some(Runs::ByPath) if old == wanted => return Ok(false),
            Some(Runs::ByPath) => {
                let property = hook.get("command").ok_or(EditError::NotAlone)?;
                property.set_value(CstInputValue::from(wanted));
                return Ok(true);
            }
        }
    }
    let text = |words: &str| CstInputValue::from(words);
    let mut hook = vec![("command".to_owned(), CstInputValue::from(wanted))];
    if file.grouped {
        hook.insert(0, ("type".to_owned(), text("command")));
    }
    if moment.waits {
        for key in ["async", "asyncRewake"] {
            hook.push((key.to_owned(), CstInputValue::Bool(true)));
        }
        let seconds = CstInputValue::Number(WAIT_SECONDS.to_owned());
        hook.push(("timeout".to_owned(), seconds));
    }
    let hook = CstInputValue::Object(hook);
    list.append(if file.grouped {
        let hooks = CstInputValue::Array(vec![hook]);
        CstInputValue::Object(vec![("hooks".to_owned(), hooks)])
    } else {
        hook
    });
    Ok(true)
}

fn take_one(file: &HookFile, list: &CstArray, moment: &Moment) -> Result<bool, EditError> {
    let mut changed = false;
    for (group, hook) in hooks_in(file, list) {
        let old = command_of(&hook)?;
        if old.and_then(|old| runs(&old, moment)) != Some(Runs::ByPath) {
            continue;
        }
        changed = true;
        match group.filter(|group| {
            group
                .array_value("hooks")
                .is_some_and(|of| of.elements().len() == 1)
        }) {
            Some(group) => group.remove(),
            None => hook.remove(),
        }
    }
    Ok(changed)
}

/// The hooks of an event, each with its group where there are groups.
fn hooks_in(file: &HookFile, list: &CstArray) -> Vec<(Option<CstObject>, CstObject)> {
    let elements = list.elements().into_iter();
    let objects = elements.filter_map(|element| element.as_object());
    if !file.grouped {
        return objects.map(|hook| (None, hook)).collect();
    }
    objects
        .filter_map(|group| Some((group.array_value("hooks")?, group)))
        .flat_map(|(hooks, group)| {
            let hooks = hooks.elements().into_iter();
            hooks.filter_map(move |hook| Some((Some(group.clone()), hook.as_object()?)))
        })
        .collect()
}

fn allow(top: &CstObject) -> Result<bool, EditError> {
    let list = array_at(&object_at(top, "permissions")?, "allow")?;
    let there: Vec<String> = list.elements().iter().filter_map(text_of).collect();
    let missing: Vec<String> = permissions().filter(|name| !there.contains(name)).collect();
    for name in &missing {
        list.append(CstInputValue::from(name.as_str()));
    }
    Ok(!missing.is_empty())
}

fn disallow(top: &CstObject) -> Result<bool, EditError> {
    let Some(permissions_node) = only(top, "permissions")? else {
        return Ok(false);
    };
    let allowed = object(Some(permissions_node), "permissions")?;
    let list = only(&allowed, "allow")?.and_then(|list| list.as_array());
    let ours: Vec<String> = permissions().collect();
    let mut changed = false;
    for element in list.iter().flat_map(CstArray::elements) {
        if text_of(&element).is_some_and(|text| ours.contains(&text)) {
            element.remove();
            changed = true;
        }
    }
    Ok(changed)
}

/// As Claude Code names tools in its rules.
fn permissions() -> impl Iterator<Item = String> {
    READING_TOOLS
        .iter()
        .map(|tool| format!("mcp__{SERVER}__{SERVER}_{tool}"))
}

fn text_of(node: &CstNode) -> Option<String> {
    node.as_string_lit()?.decoded_value().ok()
}

fn command_of(hook: &CstObject) -> Result<Option<String>, EditError> {
    Ok(only(hook, "command")?.as_ref().and_then(text_of))
}

fn object_at(within: &CstObject, key: &str) -> Result<CstObject, EditError> {
    match only(within, key)? {
        Some(found) => object(Some(found), key),
        None => {
            let added = within.append(key, CstInputValue::Object(Vec::new()));
            object(added.value(), key)
        }
    }
}

fn array_at(within: &CstObject, key: &str) -> Result<CstArray, EditError> {
    let found = match only(within, key)? {
        Some(found) => Some(found),
        None => within.append(key, CstInputValue::Array(Vec::new())).value(),
    };
    let list = found.and_then(|found| found.as_array());
    list.ok_or_else(|| shape(key, "list"))
}

/// How a hook names our program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    /// By its name alone, as a person writes it.
    Bare,
    /// By its place, as we write it.
    ByPath,
}

/// Whether a command is ours for that moment.
fn runs(command: &str, moment: &Moment) -> Option<Runs> {
    let (program, words) = command.rsplit_once(" hook ")?;
    if words.split_whitespace().next() != moment.words.split_whitespace().next() {
        return None;
    }
    let program = program.trim().trim_matches(['"', '\'']);
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    if name.strip_suffix(".exe").unwrap_or(name) != "watercooler" {
        return None;
    }
    Some(if name == program {
        Runs::Bare
    } else {
        Runs::ByPath
    })
}

/// The line that a client's shell runs.
fn command(program: &str, words: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@:".contains(letter);
    let program = if program.chars().all(is_plain) {
        program.to_owned()
    } else if program.contains(['"', '$', '`']) {
        format!("'{}'", program.replace('\'', "'\\''"))
    } else {
        format!("\"{program}\"")
    };
    format!("{program} hook {words}")
}

/// What a file says without us; lists and objects that are empty without us count as none.
fn rest(file: &HookFile, mut value: Value) -> Value {
    if value.is_null() {
        value = Value::Object(serde_json::Map::new());
    }
    let Some(top) = value.as_object_mut() else {
        return value;
    };
    if file.versioned && top.get("version") == Some(&Value::from(1)) {
        top.remove("version");
    }
    for moment in file.moments {
        let ours = |hook: &Value| {
            let command = hook["command"].as_str();
            command.is_some_and(|command| runs(command, moment) == Some(Runs::ByPath))
        };
        without(top, "hooks", moment.event, |element| {
            if !file.grouped {
                return !ours(element);
            }
            let Some(hooks) = element.get_mut("hooks").and_then(Value::as_array_mut) else {
                return true;
            };
            let before = hooks.len();
            hooks.retain(|hook| !ours(hook));
            hooks.len() == before || !hooks.is_empty()
        });
    }
    if file.allows {
        let ours: Vec<String> = permissions().collect();
        without(top, "permissions", "allow", |element| {
            let name = element.as_str();
            !name.is_some_and(|name| ours.iter().any(|own| own == name))
        });
    }
    for key in ["hooks", "permissions"] {
        if top
            .get(key)
            .and_then(Value::as_object)
            .is_some_and(serde_json::Map::is_empty)
        {
            top.remove(key);
        }
    }
    value
}

fn without(
    top: &mut serde_json::Map<String, Value>,
    key: &str,
    list: &str,
    stays: impl FnMut(&mut Value) -> bool,
) {
    let Some(within) = top.get_mut(key).and_then(Value::as_object_mut) else {
        return;
    };
    let Some(elements) = within.get_mut(list).and_then(Value::as_array_mut) else {
        return;
    };
    elements.retain_mut(stays);
    if elements.is_empty() {
        within.remove(list);
    }
}

#[cfg(test)]
mod tests;
