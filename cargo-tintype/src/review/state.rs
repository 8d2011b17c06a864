//! The state that all requests share.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tintype::internals::config::{Config, Secret};
use tintype::internals::record::{RecordConfig, Records};
use tintype::internals::run::current_lineage;

use super::access::{self, AccessPolicy, PageAccess};
use super::event_streams::EventStreams;
use super::hosts::AllowedHosts;
use super::identity::ServerIdentity;
use super::link::LinkAccess;
use super::options::ReviewOptions;
use super::run_source::RunSource;
use crate::artifacts;
use crate::decisions::Decisions;
use crate::percent::encode_segment;
use crate::project::Project;
use crate::record_access::record_error;
use crate::run_files;

/// The state that all requests share.
pub(super) struct ServerState {
    pub(super) hosts: AllowedHosts,
    pub(super) source: RunSource,
    pub(super) decisions: Decisions,
    pub(super) access: PageAccess,
    pub(super) streams: EventStreams,
    /// Names the manifest, whatever the current folder is.
    config: Config,
}

/// [`ServerState`] as handlers receive it.
pub(super) type App = Arc<ServerState>;

impl ServerState {
    /// Reloads the project: the page stays open while stories are written.
    pub(super) fn project(&self) -> Result<Project> {
        Project::open(&self.config)
    }
}

/// Opens the record and the log of decisions.
pub(super) async fn open(
    project: &Project,
    address: SocketAddr,
    options: &ReviewOptions,
    token: Option<&Secret>,
) -> Result<App> {
    let state_dir = project.manifest.state_dir();
    let settings = RecordConfig::new(&state_dir, &project.config).map_err(record_error)?;
    let records = Records::open(&settings).await.map_err(record_error)?;
    let lineage = current_lineage(&project.manifest, &project.config).await;
    let records = records.of_lineage(&lineage);
    let source = RunSource::new(
        records,
        run_files::folder_of(&project.manifest),
        artifacts::store(&project.manifest)?,
    );
    let identity = ServerIdentity::load(&state_dir)?;
    let policy = match (&options.user_header, token) {
        (Some(name), _) => AccessPolicy::Header(name.clone()),
        (None, Some(token)) => access::by_token(token, &identity, &settings).await?,
        (None, None) => AccessPolicy::Link(LinkAccess::new(
            identity.session_key(None),
            format!("http://{address}"),
            landing(&source, options).await?,
        )?),
    };
    Ok(Arc::new(ServerState {
        hosts: AllowedHosts::new(address, &options.allow_host),
        source,
        decisions: Decisions::new(&state_dir),
        access: PageAccess::new(&identity, policy),
        streams: EventStreams::new(),
        config: Config {
            manifest: Some(project.manifest.path.clone()),
            ..project.config.clone()
        },
    }))
}

/// The path of the page that is shown first.
pub(super) async fn landing(source: &RunSource, options: &ReviewOptions) -> Result<String> {
    match &options.run {
        Some(run) => {
            let run = source.run_id(run).await?;
            Ok(format!("/#/run/{}", encode_segment(run.as_str())))
        }
        None => Ok("/".to_owned()),
    }
}
