//! `cargo tintype mcp`: a server of the Model Context Protocol for coding agents.
//!
//! # Layout
//! - `server`: the tools, with what they take and answer.
//! - `command`: runs other commands of `cargo tintype` for them.
//! - `pictures`: reads the images of a snapshot, within a size.

mod command;
mod pictures;
mod server;

use anyhow::{Context, Result};
use rmcp::ServiceExt as _;
use tintype::internals::config::Config;

use crate::project::Project;
use command::CommandRunner;
use server::{AgentPermissions, TintypeServer};

/// Serve runs, images and explanations to coding agents over MCP on stdio
///
/// It only reads, unless the options allow more. An acceptance is confirmed by the
/// person who uses the agent, each time.
#[derive(clap::Args)]
pub(crate) struct McpOptions {
    /// Let agents run the tests
    #[arg(long)]
    allow_run: bool,

    /// Let agents ask to accept images as baselines
    #[arg(long)]
    allow_accept: bool,
}

pub(crate) fn run(config: &Config, options: &McpOptions) -> Result<()> {
    // A wrong manifest is told here, and not by the first tool.
    let project = Project::open(config)?;
    let manifest = std::path::absolute(&project.manifest.path)?;
    let permissions = AgentPermissions {
        run: options.allow_run,
        accept: options.allow_accept,
    };
    let server = TintypeServer::new(config.clone(), CommandRunner::new(&manifest)?, permissions);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("failed to start the async runtime")?;
    runtime.block_on(async {
        let service = server.serve(rmcp::transport::stdio()).await?;
        service.waiting().await?;
        Ok(())
    })
}
