//! Options of `cargo tintype review`.

use std::net::IpAddr;

use axum::http::HeaderName;

/// Review differences on a page in the browser, or in the terminal
#[derive(clap::Args)]
pub(crate) struct ReviewOptions {
    /// With --tty, only snapshots whose name contains one of these texts
    #[arg(value_name = "FILTER", requires = "tty")]
    pub(super) filters: Vec<String>,

    /// Review in the terminal, one snapshot after the other
    #[arg(long)]
    pub(super) tty: bool,

    /// Id of the run, a unique prefix of it, or `latest` [default: the list of
    /// all runs, or with --tty the latest run]
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,

    /// Open the page in the default browser
    #[arg(long, conflicts_with = "tty")]
    pub(super) open: bool,

    /// Port; 0 selects a free one
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,

    /// Address to listen on; an address other than loopback requires the token
    /// in TINTYPE_REVIEW_TOKEN, or --user-header
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(super) host: IpAddr,

    /// Take the user's name from this header of a reverse proxy; the server
    /// must not be reachable around the proxy
    #[arg(long, value_name = "HEADER")]
    pub(super) user_header: Option<HeaderName>,

    /// Additional hostname under which browsers reach the server, for example
    /// through a tunnel: NAME or NAME:PORT
    #[arg(long, value_name = "NAME")]
    pub(super) allow_host: Vec<String>,
}
