//! Writes a program's manual pages and shell completions from its command line, so that they stay
//! true: below one folder, as they lie below `share/`.

mod help;

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::aot::{Generator, Shell, generate_to};
use clap_mangen::Man;

pub use help::command_of_help;

/// Where the pages go, below the folder.
pub const PAGES: &str = "man/man1";

/// Where each shell's completions go, below the folder.
pub const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh/site-functions"),
    (Shell::Fish, "fish/vendor_completions.d"),
];

/// Writes a page for the program and one for each of its commands, and what bash, zsh and fish
/// complete of it. What is hidden stands in none of them.
///
/// # Errors
/// The operating system's.
pub fn write(command: &Command, folder: &Path) -> io::Result<()> {
    let pages = folder.join(PAGES);
    fs::create_dir_all(&pages)?;
    let mut built = command.clone().disable_help_subcommand(true);
    built.build();
    write_pages(&built, &pages)?;
    let name = command.get_name().to_owned();
    for (shell, place) in COMPLETIONS {
        let place = folder.join(place);
        fs::create_dir_all(&place)?;
        let written = generate_to(shell, &mut shown(command), &name, &place)?;
        fs::rename(written, place.join(file_name(shell, &name)))?;
    }
    Ok(())
}

fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    let title = command.get_display_name().unwrap_or(command.get_name());
    let page = Man::new(command.clone())
        .title(title.to_uppercase())
        // An empty one would be left out, and what follows taken for it.
        .date(" ")
        .manual("Watercooler");
    page.generate_to(folder)?;
    let mut shown = command.get_subcommands().filter(|each| !each.is_hide_set());
    shown.try_for_each(|each| write_pages(each, folder))
}

/// The name of a shell's file of completions.
#[must_use]
pub fn file_name(shell: Shell, program: &str) -> String {
    let name = shell.file_name(program);
    // Bash looks for it by the program's bare name.
    name.strip_suffix(".bash").unwrap_or(&name).to_owned()
}

/// The command with what is not hidden: completions would offer the rest too.
fn shown(command: &Command) -> Command {
    let mut bare = Command::new(command.get_name().to_owned())
        .disable_help_subcommand(true)
        .disable_help_flag(command.is_disable_help_flag_set())
        .disable_version_flag(command.is_disable_version_flag_set())
        .args(command.get_arguments().filter(|each| !each.is_hide_set()))
        .subcommands(
            command
                .get_subcommands()
                .filter(|each| !each.is_hide_set())
                .map(shown),
        );
    if let Some(about) = command.get_about() {
        bare = bare.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        bare = bare.version(version.to_owned());
    }
    bare
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn written(command: &Command) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(command, folder.path()).unwrap();
        folder
    }

    #[test]
    fn what_is_hidden_is_nowhere_and_all_else_everywhere() {
        let command = Command::new("cooler")
            .version("1.0")
            .about("Keeps it cool")
            .arg(Arg::new("colder").long("colder").help("More so"))
            .arg(Arg::new("unseen").long("unseen").hide(true))
            .subcommand(Command::new("fill").about("Fill it"))
            .subcommand(Command::new("secretly").hide(true));
        let folder = written(&command);
        let mut files = vec![PAGES.to_owned() + "/cooler.1"];
        for (shell, place) in COMPLETIONS {
            files.push(format!("{place}/{}", file_name(shell, "cooler")));
        }
        for file in files {
            let text = fs::read_to_string(folder.path().join(&file)).unwrap();
            for word in ["fill", "colder"] {
                assert!(text.contains(word), "{file}: {word}");
            }
            for word in ["unseen", "secretly"] {
                assert!(!text.contains(word), "{file}: {word}");
            }
        }
        let of_command = folder.path().join(PAGES).join("cooler-fill.1");
        assert!(fs::read_to_string(of_command).unwrap().contains("Fill it"));
    }
}
