//! What a click in the menu, or on a popup, asks for. The menu's items carry it as text.

use serde::{Deserialize, Serialize};

/// What a click asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Click {
    /// Show a thread.
    Open {
        /// Its repository.
        repository: String,
        /// Its name.
        topic: String,
    },
    /// Count everything of a repository as read; of all, where none is named.
    MarkRead {
        /// The repository.
        repository: Option<String>,
    },
    /// Exchange nothing with remotes for a while.
    Pause {
        /// The repository; none: all.
        repository: Option<String>,
        /// For how long.
        span: Span,
    },
    /// End a pause.
    Resume {
        /// The repository; none: all.
        repository: Option<String>,
    },
    /// Fetch and push now.
    Sync,
    /// Whether popups are wanted.
    Mute {
        /// The repository.
        repository: String,
        /// The thread; none: the whole repository.
        topic: Option<String>,
        /// Whether they end.
        muted: bool,
    },
    /// Show a thread again later, if it is still the person's turn.
    Snooze {
        /// Its repository.
        repository: String,
        /// Its name.
        topic: String,
    },
    /// Show the settings file.
    Settings,
    /// Show how to let a repository in.
    Credentials {
        /// The repository.
        repository: String,
    },
    /// Whether the tray starts when the person logs in.
    StartAtLogin {
        /// Whether it shall.
        wanted: bool,
    },
    /// Show the folder of the logs.
    Logs,
    /// Put what helps to find a fault where it can be pasted.
    Diagnostics,
    /// Start the daemon.
    StartDaemon,
    /// Put the daemon that belongs to this tray in the place of the one that runs.
    RestartDaemon,
    /// End the tray; the daemon goes on.
    Quit,
}

/// For how long a pause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Span {
    /// 30 minutes.
    HalfHour,
    /// An hour.
    Hour,
    /// Until tomorrow.
    Tomorrow,
    /// Until somebody resumes.
    UntilResumed,
}

impl Span {
    /// All of them, as a menu lists them.
    pub(crate) const ALL: [Self; 4] = [
        Self::HalfHour,
        Self::Hour,
        Self::Tomorrow,
        Self::UntilResumed,
    ];

    /// As a menu says it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::HalfHour => "For 30 minutes",
            Self::Hour => "For 1 hour",
            Self::Tomorrow => "Until tomorrow",
            Self::UntilResumed => "Until resumed",
        }
    }
}

impl Click {
    /// As the id of a menu's item.
    pub(crate) fn id(&self) -> String {
        serde_json::to_string(self).expect("names and numbers can be written")
    }

    /// The click of a menu's item; none where the item does nothing.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        serde_json::from_str(id).ok()
    }
}
