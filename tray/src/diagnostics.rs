//! What helps to find a fault, in text that may be shown to anybody: states and counts, and no
//! names of repositories, threads, people or folders, no addresses and no words that others wrote.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use platform::dirs::Dirs;
use protocol::hello::PROTOCOL;

use crate::memory;
use crate::menu::shape_word;
use crate::model::Facts;

/// Programs that put their input on the clipboard, in the order in which they are tried.
const CLIPBOARDS: [(&str, &[&str]); 5] = [
    ("wl-copy", &[]),
    ("xclip", &["-selection", "clipboard"]),
    ("xsel", &["--input", "--clipboard"]),
    ("pbcopy", &[]),
    ("clip.exe", &[]),
];

/// The text.
pub(crate) fn text(facts: &Facts, unshown: u64) -> String {
    let mut lines = vec![
        format!(
            "watercooler-tray {} (protocol {PROTOCOL})",
            env!("CARGO_PKG_VERSION")
        ),
        format!("system {} {}", std::env::consts::OS, std::env::consts::ARCH),
        format!("icon {}", shape_word(facts.look().shape)),
        format!("popups not shown {unshown}"),
    ];
    match facts.known() {
        None => lines.push("daemon not reached".to_owned()),
        Some(known) => {
            let daemon = format!("daemon {} (protocol {})", known.version, known.protocol);
            lines.push(daemon);
            let trouble = known.trouble.as_ref();
            lines.extend(trouble.map(|trouble| format!("trouble {}", trouble.kind)));
            for (number, one) in known.repositories.iter().enumerate() {
                let kind = one.trouble.as_ref().map_or("none", |trouble| &trouble.kind);
                lines.push(format!(
                    "repository {}: {}, trouble {kind}, {} threads, {} new, {} your turn",
                    number + 1,
                    one.state.as_str(),
                    one.threads,
                    one.new_entries,
                    one.turns.len()
                ));
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Puts the text on the clipboard, and in any case into a file; says where it is.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn copy(dirs: &Dirs, text: &str) -> io::Result<String> {
    let path = memory::folder(dirs).join("diagnostics.txt");
    platform::durable::write_unsettled(&path, text.as_bytes())?;
    let copied = CLIPBOARDS
        .iter()
        .any(|(program, arguments)| put(program, arguments, text).is_ok());
    Ok(if copied {
        "Diagnostics are on the clipboard".to_owned()
    } else {
        format!("Diagnostics are in {}", path.display())
    })
}

fn put(program: &str, arguments: &[&str], text: &str) -> io::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().expect("it was asked for");
    input.write_all(text.as_bytes())?;
    drop(input);
    let status = child.wait()?;
    status
        .success()
        .then_some(())
        .ok_or_else(|| io::Error::other("the clipboard refused it"))
}
