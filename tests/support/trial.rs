//! Tests of a target without libtest.

use libtest_mimic::{Failed, Trial};

/// The trials of a module. Each is named `module::name` and runs the function
/// `name`, or the expression in `name => expression`.
macro_rules! trials {
    ($($name:ident $(=> $body:expr)?),* $(,)?) => {
        vec![$($crate::trial::trial(
            module_path!(),
            stringify!($name),
            $crate::trial::trials!(@body $name $($body)?),
        )),*]
    };
    (@body $name:ident) => { $name };
    (@body $name:ident $body:expr) => { || $body };
}
pub(crate) use trials;

/// A test in a module. It fails by panicking, as with libtest.
pub(crate) fn trial(module: &str, name: &str, body: fn()) -> Trial {
    let module = module.rsplit("::").next().unwrap_or(module);
    Trial::test(format!("{module}::{name}"), move || {
        std::panic::catch_unwind(body).map_err(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Failed::from(text.unwrap_or_default())
        })
    })
}
