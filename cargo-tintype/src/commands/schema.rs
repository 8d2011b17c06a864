//! `cargo tintype schema`

use tintype::internals::manifest::SCHEMA;

use crate::output::print_json_line;

/// Print the JSON Schema of stories.toml, for editors
///
/// Editors with a TOML language server use the schema that the line `#:schema`
/// of the manifest names: an address, or a file relative to the manifest.
#[derive(clap::Args)]
pub(crate) struct SchemaOptions {}

pub(crate) fn run(_options: &SchemaOptions) {
    print_json_line(SCHEMA.trim_end());
}

/// The line of a manifest that names the schema of this version.
pub(crate) fn line() -> String {
    let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    format!("#:schema {repository}/raw/v{version}/docs/stories.schema.json\n")
}
