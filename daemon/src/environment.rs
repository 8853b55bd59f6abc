//! The repositories that clients' environments named: kept in the state folder, so that they are
//! there after a restart too, until they are taken out or make way for others.

use std::path::{Path, PathBuf};

use protocol::answer::Origin;
use protocol::environment::{ENVIRONMENT_FILE, EnvironmentRepository};
use protocol::failure::{Failure, FailureCode};
use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::settings::RepositorySettings;

/// How many are kept.
pub(crate) const ENVIRONMENT_MAX: usize = 16;

/// After this long without a client that named it, one may make way for another.
const UNUSED_SECONDS: i64 = 30 * 24 * 3600;

/// How long it is not written again that one was used.
const REFRESH_SECONDS: i64 = 24 * 3600;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How long the readable part of a name is at most, and how many hex digits follow it.
const STEM_CHARS_MAX: usize = 40;
const DIGITS: usize = 6;

/// The repositories that clients' environments named.
#[derive(Debug)]
pub(crate) struct Environment {
    file: PathBuf,
    kept: Vec<EnvironmentRepository>,
}

impl Environment {
    /// Those kept in the state folder; a file that cannot be read counts as none.
    pub(crate) fn open(state: &Path) -> Self {
        let file = state.join(ENVIRONMENT_FILE);
        let kept = platform::plain_file::read(&file, FILE_BYTES_MAX).ok();
        let kept: Option<Vec<EnvironmentRepository>> =
            kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut kept = kept.unwrap_or_default();
        // The name becomes a folder's name, and only ours is one that can.
        kept.retain(|each| each.name == name_of(&each.url));
        kept.truncate(ENVIRONMENT_MAX);
        Self { file, kept }
    }

    /// As the settings would name them.
    pub(crate) fn settings(&self) -> impl Iterator<Item = RepositorySettings> {
        self.kept.iter().map(|each| RepositorySettings {
            url: Some(each.url.clone()),
            ssh_key: each.ssh_key.as_ref().map(PathBuf::from),
            author_name: each.author.clone(),
            author_email: each.email.clone(),
            origin: Origin::Environment,
            ..RepositorySettings::named(&each.name)
        })
    }

    /// Keeps one, or what is new of it, and returns whether anything but its time changed.
    /// `is_idle` tells whether nothing of a repository of that name waits to be sent.
    ///
    /// # Errors
    /// `repository_not_found` where there are too many, `not_durable` where the disk refuses it;
    /// then all is as it was.
    pub(crate) fn keep(
        &mut self,
        wanted: &EnvironmentRepository,
        is_idle: impl Fn(&str) -> bool,
    ) -> Result<bool, Failure> {
        let mut after = self.kept.clone();
        let known = after.iter_mut().find(|each| each.name == wanted.name);
        let changed = match known {
            Some(known) => {
                let before = std::mem::replace(known, wanted.clone());
                let same = EnvironmentRepository {
                    used: wanted.used,
                    ..before.clone()
                };
                if same == *wanted && wanted.used - before.used < REFRESH_SECONDS {
                    return Ok(false);
                }
                same != *wanted
            }
            None => {
                make_room(&mut after, wanted.used, is_idle)?;
                after.push(wanted.clone());
                true
            }
        };
        self.write(after)?;
        Ok(changed)
    }

    /// Keeps one no longer; whether it was there.
    ///
    /// # Errors
    /// `not_durable`; then all is as it was.
    pub(crate) fn forget(&mut self, name: &str) -> Result<bool, Failure> {
        let mut after = self.kept.clone();
        after.retain(|each| each.name != name);
        if after.len() == self.kept.len() {
            return Ok(false);
        }
        self.write(after)?;
        Ok(true)
    }

    fn write(&mut self, after: Vec<EnvironmentRepository>) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(&after).expect("it is made of text and numbers");
        platform::durable::write_durably(&self.file, &bytes).map_err(|error| {
            warn!(%error, "Repositories of the environment were not kept");
            Failure::new(
                FailureCode::NotDurable,
                format!("The disk refused what the client's environment names: {error}"),
                "Make room on the disk of the state folder, then call again.",
            )
        })?;
        self.kept = after;
        Ok(())
    }
}

fn make_room(
    kept: &mut Vec<EnvironmentRepository>,
    now: i64,
    is_idle: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    if kept.len() < ENVIRONMENT_MAX {
        return Ok(());
    }
    let unused = kept
        .iter()
        .enumerate()
        .filter(|(_, each)| now - each.used >= UNUSED_SECONDS && is_idle(&each.name));
    let oldest = unused.min_by_key(|(_, each)| each.used);
    let Some(at) = oldest.map(|(at, _)| at) else {
        return Err(Failure::new(
            FailureCode::RepositoryNotFound,
            format!(
                "The environment of this client names one more repository, and {ENVIRONMENT_MAX} \
                 are kept already."
            ),
            "A person can see them with: watercooler repo list, and take one out with: \
             watercooler repo remove NAME",
        ));
    };
    kept.remove(at);
    Ok(())
}

/// The name of a remote's repository: what a person recognises of the address, and digits that only
/// this address has, so that no two ever share a folder.
pub(crate) fn name_of(url: &str) -> String {
    let path = url.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path);
    let path = path.strip_suffix(".git").unwrap_or(path);
    let last = path.rsplit(['/', ':', '\\']).next().unwrap_or(path);
    let mut stem = String::new();
    for character in last.chars().take(STEM_CHARS_MAX) {
        if character.is_ascii_alphanumeric() {
            stem.push(character.to_ascii_lowercase());
        } else if !stem.is_empty() && !stem.ends_with('-') {
            stem.push('-');
        }
    }
    let stem = match stem.trim_end_matches('-') {
        "" => "repository",
        stem => stem,
    };
    let digest = Sha256::digest(url.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{stem}-{}", &digits[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(url: &str, used: i64) -> EnvironmentRepository {
        EnvironmentRepository {
            name: name_of(url),
            url: url.into(),
            ssh_key: None,
            author: None,
            email: None,
            used,
        }
    }

    #[test]
    fn a_name_is_of_its_address_alone() {
        fn check(url: &str, stem: &str) {
            let name = name_of(url);
            let (found, digits) = name.rsplit_once('-').unwrap();
            assert_eq!((found, digits.len()), (stem, DIGITS), "{url}");
            let legal =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(name.bytes().all(legal) && name.len() <= 64, "{name}");
        }
        check("git@github.com:acme/acme-threads.git", "acme-threads");
        check("https://h/My.Threads_2/", "my-threads-2");
        check("/srv/漢字", "repository");
        check(
            &format!("/srv/{}", "x".repeat(90)),
            &"x".repeat(STEM_CHARS_MAX),
        );
        assert_ne!(name_of("/srv/a/t.git"), name_of("/srv/b/t.git"));
    }

    #[test]
    fn what_is_kept_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = Environment::open(folder.path());
        let mut one = wanted("/srv/one.git", 1);
        assert_eq!(all.keep(&one, |_| true), Ok(true));
        assert_eq!(all.keep(&one, |_| true), Ok(false));
        one.ssh_key = Some("/k".into());
        assert_eq!(all.keep(&one, |_| true), Ok(true));
        one.used += REFRESH_SECONDS;
        assert_eq!(all.keep(&one, |_| true), Ok(false));
        let mut again = Environment::open(folder.path());
        assert_eq!(again.kept, [one.clone()]);
        let settings: Vec<_> = again.settings().collect();
        assert_eq!(settings[0].url.as_deref(), Some("/srv/one.git"));
        assert_eq!(settings[0].origin, Origin::Environment);
        assert_eq!(again.forget("no"), Ok(false));
        assert_eq!(again.forget(&one.name), Ok(true));
        assert_eq!(Environment::open(folder.path()).kept, []);
        let hostile = EnvironmentRepository {
            name: "../../x".into(),
            ..one
        };
        std::fs::write(&all.file, serde_json::to_vec(&[hostile]).unwrap()).unwrap();
        assert_eq!(Environment::open(folder.path()).kept, []);
    }

    #[test]
    fn the_oldest_that_nobody_uses_makes_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = Environment::open(folder.path());
        let url = |number: i64| format!("/srv/{number}.git");
        for number in 0..i64::try_from(ENVIRONMENT_MAX).unwrap() {
            all.keep(&wanted(&url(number), number), |_| true).unwrap();
        }
        let too_many = all.keep(&wanted("/srv/new.git", UNUSED_SECONDS - 1), |_| true);
        assert_eq!(too_many.unwrap_err().code, FailureCode::RepositoryNotFound);
        let later = wanted("/srv/new.git", UNUSED_SECONDS + 5);
        let busy = name_of(&url(0));
        all.keep(&later, |name| name != busy).unwrap();
        let names: Vec<_> = all.kept.iter().map(|each| each.url.as_str()).collect();
        assert_eq!(names.len(), ENVIRONMENT_MAX);
        assert!(names.contains(&"/srv/0.git") && !names.contains(&"/srv/1.git"));
        assert!(names.contains(&"/srv/new.git"));
    }
}
