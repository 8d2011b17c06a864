//! The visual suite of `stories.toml`.

fn main() -> std::process::ExitCode {
    tintype::run()
}
