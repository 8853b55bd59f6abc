//! Which repository a call means; source: the outside contract, section 3.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::answer::Origin;
use protocol::failure::Failure;
use protocol::request::Context;
use threads::operation::CodeTrailers;

use crate::checkout::Checkout;
use crate::handle::Handle;
use crate::server::client::Client;
use crate::server::places::{self, Code, Match};
use crate::server::{named, refusals};
use crate::shared::{Setup, Shared};

/// How long looking at the places of one call may take.
const LOOK_WAIT_MAX: Duration = Duration::from_secs(1);

/// How long a write waits to know where its code stands.
const TRAILERS_WAIT_MAX: Duration = Duration::from_millis(250);

/// How many roots of a client are looked at.
const ROOTS_MAX: usize = 16;

/// The repository that the call means: the first match of the contract's rule.
///
/// # Errors
/// `repository_not_found` for a name that is not set up or not this connection's,
/// `repository_ambiguous` where several could be meant or none is set up, and those of
/// [`named::remote`].
pub(crate) async fn repository(
    shared: &Shared,
    setup: &Setup,
    client: &Client,
    context: &Context,
) -> Result<Arc<Handle>, Failure> {
    if let Some(handle) = bound(setup, client, context)? {
        return Ok(handle);
    }
    if let Some(url) = client.variable("WATERCOOLER_GIT_REPO") {
        return named::remote(shared, setup, client, url).await;
    }
    if let Some(folder) = client.variable("WATERCOOLER_DIR") {
        return named::folder(shared, setup, Path::new(folder));
    }
    let places = places_of(client, context);
    if let Some(name) = by_code(shared, setup, client, &places).await? {
        return setup
            .repository(&name)
            .map(Arc::clone)
            .ok_or_else(|| refusals::no_repository(setup, &name));
    }
    if let Some(pattern) = client.variable("WATERCOOLER_THREADS_PATTERN")
        && let Some(url) = by_pattern(shared, pattern.to_owned(), places).await
    {
        return named::remote(shared, setup, client, &url).await;
    }
    only(setup)
}

/// The one repository that the connection or the command names, where it names one.
///
/// # Errors
/// `repository_not_found`.
pub(crate) fn bound(
    setup: &Setup,
    client: &Client,
    context: &Context,
) -> Result<Option<Arc<Handle>>, Failure> {
    let name = match (&client.hello.repository, &context.repository) {
        (Some(bound), Some(asked)) if bound != asked => {
            return Err(refusals::out_of_scope(bound));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Ok(None),
    };
    match setup.repository(name) {
        Some(handle) => Ok(Some(Arc::clone(handle))),
        None => Err(refusals::no_repository(setup, name)),
    }
}

/// What is known of the code that a write is about, for the first of the call's places that is a
/// checkout. Where the repository names its code, no other code is told of.
pub(crate) async fn code_of(
    shared: &Shared,
    client: &Client,
    context: &Context,
    handle: &Handle,
) -> CodeTrailers {
    let places = places_of(client, context);
    if shared.codeless.holds(&places, Instant::now()) {
        return CodeTrailers::default();
    }
    let (own, looked_at) = (codes_of(handle), places.clone());
    let look = move || {
        let mut checkouts = places.iter().filter_map(|place| {
            let checkout = Checkout::around(&places::resolved(place))?;
            let is_ours = own.is_empty() || places::belongs(&own, place) != Match::Nothing;
            Some(is_ours.then(|| checkout.trailers()))
        });
        let first = checkouts.next()?;
        Some(first.or_else(|| checkouts.flatten().next()))
    };
    match shared.looking.at(TRAILERS_WAIT_MAX, look).await {
        Some(Some(found)) => found.unwrap_or_default(),
        Some(None) => {
            shared.codeless.note(looked_at, Instant::now());
            CodeTrailers::default()
        }
        None => CodeTrailers::default(),
    }
}

/// The `code` of one repository.
pub(crate) fn codes_of(handle: &Handle) -> Vec<Code> {
    let paths = handle.settings.code.iter();
    paths
        .map(|path| Code {
            repository: handle.name.clone(),
            path: path.clone(),
        })
        .collect()
}

/// The places that a call may be about, in the order of the rule, all absolute.
fn places_of(client: &Client, context: &Context) -> Vec<PathBuf> {
    let hello = &client.hello;
    let folder = hello.folder.as_deref().map(Path::new);
    let given = [
        context.code_path.as_deref(),
        hello.code.as_deref(),
        client.variable("CLAUDE_PROJECT_DIR"),
    ];
    let roots = context.roots.iter().take(ROOTS_MAX).map(String::as_str);
    let named = given.into_iter().flatten().chain(roots).map(Path::new);
    // The daemon's own working folder must not change what a client means.
    let whole = |path: &Path| folder.map_or_else(|| path.to_path_buf(), |at| at.join(path));
    named
        .map(whole)
        .chain(folder.map(Path::to_path_buf))
        .filter(|place| place.is_absolute())
        .collect()
}

async fn by_code(
    shared: &Shared,
    setup: &Setup,
    client: &Client,
    places: &[PathBuf],
) -> Result<Option<String>, Failure> {
    if setup.codes.is_empty() {
        return Ok(None);
    }
    for place in places {
        let found = match client.known(place, &setup.codes, Instant::now()) {
            Some(found) => found,
            None => looked(shared, setup, client, place).await?,
        };
        match found {
            Match::Nothing => (),
            Match::One(name) => return Ok(Some(name)),
            Match::Several(names) => return Err(refusals::several_claim(place, &names)),
        }
    }
    Ok(None)
}

async fn looked(
    shared: &Shared,
    setup: &Setup,
    client: &Client,
    place: &Path,
) -> Result<Match, Failure> {
    let (codes, at) = (Arc::clone(&setup.codes), place.to_path_buf());
    let look = move || places::belongs(&codes, &at);
    let found = shared.looking.at(LOOK_WAIT_MAX, look).await;
    let found = found.ok_or_else(|| refusals::no_look_at(place))?;
    let now = Instant::now();
    client.note(place.to_path_buf(), &setup.codes, now, found.clone());
    Ok(found)
}

/// The address that the pattern gives for the first place that is a checkout with a remote.
async fn by_pattern(shared: &Shared, pattern: String, places: Vec<PathBuf>) -> Option<String> {
    let look = move || {
        places.iter().find_map(|place| {
            let checkout = Checkout::around(&places::resolved(place))?;
            named::filled(&pattern, &checkout.remote()?)
        })
    };
    shared.looking.at(LOOK_WAIT_MAX, look).await.flatten()
}

/// The only repository of the settings: what one client's environment names is not for others.
fn only(setup: &Setup) -> Result<Arc<Handle>, Failure> {
    let mut own = setup
        .repositories
        .iter()
        .filter(|handle| handle.origin == Origin::Settings);
    match (own.next(), own.next()) {
        (Some(only), None) => Ok(Arc::clone(only)),
        (None, _) | (Some(_), Some(_)) => Err(refusals::ambiguous(setup)),
    }
}
