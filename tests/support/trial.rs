//! Tests of a target without libtest.

use libtest_mimic::{Failed, Trial};

/// A test by its name. It fails by panicking, as tests do.
pub(crate) fn test(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        std::panic::catch_unwind(body).map_err(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Failed::from(text.unwrap_or_default())
        })
    })
}
