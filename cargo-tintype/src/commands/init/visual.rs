//! Visual regression tests: one test for each snapshot of `stories.toml`.

fn main() -> std::process::ExitCode {
    tintype::run()
}
