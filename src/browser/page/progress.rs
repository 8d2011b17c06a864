//! The outcome of letting a page's time pass.

use std::time::Duration;

/// The longest real time in which the page's time is advanced until the page has
/// nothing left to do. A slower page is an error, since its screenshot would
/// depend on the machine.
pub(in crate::browser) const MAX_DRIVING: Duration = Duration::from_secs(60);

/// The state of a page after its time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Progress {
    /// The page has nothing left to do.
    AtRest,
    /// Time has passed, and the page may have something left to do.
    Moved,
    /// Requests are pending, and no time has passed.
    Waiting,
    /// The machine is too slow for the page's time to pass.
    Overrun,
}
