//! `cargo tintype`: accept baselines, look at runs, check the machine.

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo-tintype", bin_name = "cargo tintype", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {}

fn main() -> anyhow::Result<()> {
    // Cargo calls `cargo-tintype tintype …`: its own word is dropped.
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "tintype") {
        arguments.remove(1);
    }
    match Cli::parse_from(arguments).command {}
}
