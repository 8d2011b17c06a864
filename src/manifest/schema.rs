//! The JSON Schema of a manifest, for editors.

/// The schema of `stories.toml`, as `docs/stories.schema.json` has it. The tests
/// of this module hold it and the reader together.
pub const SCHEMA: &str = include_str!("../../docs/stories.schema.json");
