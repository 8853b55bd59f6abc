//! Does the steps of a plan, one after the other, and writes down what each is about to change.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use platform::dirs::Dirs;
use platform::{durable, placed, private_folder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::receipt::{Before, Made, RECEIPT, Receipt};
use crate::step::Step;
use crate::{first_words, programs};

/// The folder of what stood there before, under the state folder.
const BEFORE: &str = "installer-before";

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Quietly,
    /// It was done, and this is to be seen.
    Shown(String),
    /// It was not done, and the rest can go on: what to do instead.
    Noted(String),
}

/// One run's hands.
#[derive(Debug)]
pub(crate) struct Apply {
    state: PathBuf,
    receipt: Receipt,
    /// The repository that was added.
    repository: Option<String>,
    /// How the program ends where all was done: another than 0 where a remote cannot be reached.
    pub(crate) exit: u8,
}

impl Apply {
    /// Goes on with a receipt.
    pub(crate) fn with(dirs: &Dirs, receipt: Receipt) -> Self {
        let mut apply = Self {
            state: dirs.state.clone(),
            receipt: Receipt {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                ..receipt
            },
            repository: None,
            exit: 0,
        };
        // The daemon makes these; they are gone with everything in them only by a purge.
        for folder in [
            dirs.config.parent(),
            Some(&dirs.repositories),
            Some(&dirs.state),
        ] {
            apply.about_to_make(folder.unwrap_or(&dirs.config));
        }
        apply
    }

    /// Does one step.
    ///
    /// # Errors
    /// What stood in its way; the steps before it are done, and the next run goes on from here.
    pub(crate) fn step(&mut self, step: &Step) -> anyhow::Result<Done> {
        match step {
            Step::Copy { from, to } => {
                self.about_to_write(to, &fs::read(from).with_context(|| cannot("read", from))?)?;
                placed::replace_program(from, to).with_context(|| cannot("write", to))?;
            }
            Step::Write { path, text, .. } => {
                self.about_to_write(path, text.as_bytes())?;
                placed::replace(path, text.as_bytes()).with_context(|| cannot("write", path))?;
            }
            Step::Without { path, text, .. } => {
                placed::replace(path, text.as_bytes()).with_context(|| cannot("write", path))?;
                self.forget(path)?;
            }
            Step::Link { path, to } => {
                self.about_to_write(path, to.as_os_str().as_encoded_bytes())?;
                placed::link(to, path).with_context(|| cannot("write", path))?;
            }
            Step::Run {
                program,
                arguments,
                instead,
                registers,
                ..
            } => return self.run(program, arguments, instead, registers.as_ref()),
            Step::Start { program } => {
                let ran = programs::run(program, &["daemon", "restart"])?;
                ran.succeeded().context("the daemon does not start")?;
            }
            Step::Stop { program } => {
                let ran = programs::run(program, &["daemon", "stop"])?;
                ran.succeeded().context("the daemon does not stop")?;
            }
            Step::Remote { program, url } => return self.remote(program, url),
            Step::FirstThread { program } => {
                let repository = self.repository.as_deref();
                return first_words::thread(program, repository).map(Done::Shown);
            }
            Step::Greet { shim } => return first_words::greet(shim).map(Done::Shown),
            Step::Restore { path, .. } => self.restore(path)?,
            Step::Purge { path, .. } => match fs::remove_dir_all(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| cannot("remove", path));
                }
                Ok(()) | Err(_) => (),
            },
            Step::Tidy { folders } => {
                for folder in folders {
                    // One that holds something else is somebody's.
                    let _ = fs::remove_dir(folder);
                }
            }
            Step::Tell { words } => return Ok(Done::Noted(words.clone())),
        }
        Ok(Done::Quietly)
    }

    /// Everything is taken off: nothing is left to remember.
    ///
    /// # Errors
    /// The receipt cannot be removed.
    pub(crate) fn finish_removal(self) -> anyhow::Result<()> {
        let kept = self.state.join(BEFORE);
        if kept.exists() {
            fs::remove_dir_all(&kept).with_context(|| cannot("remove", &kept))?;
        }
        let path = self.state.join(RECEIPT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| cannot("remove", &path))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Remembers what stands at a place, the first time, and makes its folder.
    fn about_to_write(&mut self, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let digest = digest(bytes);
        let before = match self.receipt.files.get(path) {
            Some(made) => made.before.clone(),
            None => self.kept(path)?,
        };
        let made = Made { digest, before };
        self.receipt.files.insert(path.to_owned(), made);
        let folder = path.parent().unwrap_or(Path::new("."));
        self.about_to_make(folder);
        self.save()?;
        fs::create_dir_all(folder).with_context(|| cannot("make", folder))
    }

    /// Remembers which folders are missing on the way to one, that one included.
    fn about_to_make(&mut self, folder: &Path) {
        let missing = folder.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        let new = missing.into_iter().rev();
        let known = &mut self.receipt.folders;
        for folder in new {
            if !known.contains(&folder) {
                known.push(folder);
            }
        }
    }

    /// A copy of what stands there.
    fn kept(&self, path: &Path) -> anyhow::Result<Option<Before>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| cannot("read", path)),
        };
        let folder = self.state.join(BEFORE);
        private_folder::ensure(&folder).with_context(|| cannot("make", &folder))?;
        let digest = digest(&bytes);
        let kept = folder.join(&digest);
        durable::write_durably(&kept, &bytes).with_context(|| cannot("write", &kept))?;
        Ok(Some(Before { digest, kept }))
    }

    fn restore(&mut self, path: &Path) -> anyhow::Result<()> {
        let Some(made) = self.receipt.files.get(path) else {
            return Ok(());
        };
        match &made.before {
            Some(before) => {
                let bytes = fs::read(&before.kept).with_context(|| cannot("read", &before.kept))?;
                if fs::read(path).ok().as_ref() != Some(&bytes) {
                    placed::replace(path, &bytes).with_context(|| cannot("write", path))?;
                }
            }
            None => match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| cannot("remove", path));
                }
                Ok(()) | Err(_) => (),
            },
        }
        self.forget(path)
    }

    fn forget(&mut self, path: &Path) -> anyhow::Result<()> {
        self.receipt.files.remove(path);
        self.save()
    }

    fn run(
        &mut self,
        program: &Path,
        arguments: &[String],
        instead: &str,
        registers: Option<&(String, bool)>,
    ) -> anyhow::Result<Done> {
        let ran = programs::run(program, arguments).and_then(|ran| ran.succeeded().map(drop));
        if let Err(error) = ran {
            return Ok(Done::Noted(format!("{error:#}; instead: {instead}")));
        }
        if let Some((client, is_in)) = registers {
            self.receipt.registered.retain(|known| known != client);
            if *is_in {
                self.receipt.registered.push(client.clone());
            }
            self.save()?;
        }
        Ok(Done::Quietly)
    }

    /// One that cannot be reached yet is kept all the same; what to do is told.
    fn remote(&mut self, program: &Path, url: &str) -> anyhow::Result<Done> {
        let ran = programs::run(program, &["repo", "add", url, "--json"])?;
        let added: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        self.repository = added["name"].as_str().map(str::to_owned);
        if ran.code == Some(0) {
            return Ok(Done::Quietly);
        }
        if self.repository.is_none() {
            bail!("the remote was not added: {}", ran.problem());
        }
        self.exit = ran
            .code
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1);
        Ok(Done::Noted(format!(
            "it is set up and not in step yet; what is written waits on this machine: {}",
            ran.problem()
        )))
    }

    fn save(&self) -> anyhow::Result<()> {
        private_folder::ensure(&self.state).with_context(|| cannot("make", &self.state))?;
        let path = self.state.join(RECEIPT);
        let text = serde_json::to_string_pretty(&self.receipt).context("the receipt is text")?;
        durable::write_durably(&path, text.as_bytes()).with_context(|| cannot("write", &path))
    }
}

/// SHA-256, in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} {}", path.display())
}
