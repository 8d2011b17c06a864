//! The modes that environment variables choose.

/// `TINTYPE_UPDATE`: which screenshots a run accepts as baselines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateMode {
    /// None: `cargo tintype accept` decides afterwards.
    #[default]
    No,
    /// Those without a baseline.
    New,
    /// Those without a baseline and those that failed because pixels differ.
    Failed,
    /// Every screenshot that is not byte for byte equal to its baseline.
    All,
}

/// `TINTYPE_CACHE`: whether results of unchanged stories are reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Neither read nor written.
    Off,
    /// Read only.
    Read,
    /// Read and written.
    #[default]
    On,
}

/// `TINTYPE_LOG`: the level of log messages on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// No messages.
    #[default]
    Off,
    /// Errors.
    Error,
    /// Also warnings.
    Warn,
    /// Also the main steps of a run.
    Info,
    /// Also details of each step.
    Debug,
    /// Also every command sent to a browser.
    Trace,
}

impl UpdateMode {
    /// The value of the variable.
    pub(crate) fn as_str(self) -> &'static str {
        let choice = Self::CHOICES.iter().find(|(_, mode)| *mode == self);
        choice.map_or("", |(word, _)| word)
    }

    /// Each value of the variable with its meaning.
    pub(super) const CHOICES: [(&'static str, Self); 4] = [
        ("no", Self::No),
        ("new", Self::New),
        ("failed", Self::Failed),
        ("all", Self::All),
    ];
}

impl CacheMode {
    /// Each value of the variable with its meaning.
    pub(super) const CHOICES: [(&'static str, Self); 3] =
        [("off", Self::Off), ("read", Self::Read), ("on", Self::On)];
}

impl LogLevel {
    /// Each value of the variable with its meaning.
    pub(super) const CHOICES: [(&'static str, Self); 6] = [
        ("off", Self::Off),
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}
