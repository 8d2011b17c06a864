//! Parameters that a Storybook story sets for itself.
//!
//! The index of a Storybook has no `parameters`; they are only known once the
//! story is shown. So a story can skip planned snapshots but cannot add any.
//! The manifest takes precedence.

use crate::browser::{BrowserError, Parameters};
use crate::manifest::Manifest;
use crate::model::Viewport;
use crate::plan::Snapshot;
use tintype_compare::Options;

/// Checks that the story does not skip this snapshot.
///
/// # Errors
/// [`BrowserError::Skipped`] if it does; [`BrowserError::Storybook`] if it names
/// an unknown viewport.
pub(super) fn check(
    manifest: &Manifest,
    snapshot: &Snapshot,
    parameters: &Parameters,
) -> Result<(), BrowserError> {
    let Some(may) = &snapshot.story.storybook else {
        return Ok(());
    };
    if let (true, Some(reason)) = (may.may_skip, parameters.skip_reason()) {
        return Err(BrowserError::Skipped(reason));
    }
    let (true, Some(wanted)) = (may.may_pick_screens, &parameters.viewports) else {
        return Ok(());
    };
    let mut here = false;
    for name in wanted {
        here |= viewport(manifest, name)? == snapshot.screen.viewport;
    }
    if here {
        return Ok(());
    }
    let names = wanted.join(", ");
    Err(BrowserError::Skipped(format!(
        "`parameters.tintype.viewports` of the story has only {names}"
    )))
}

/// Finds a viewport of the manifest by its name or size.
fn viewport(manifest: &Manifest, name: &str) -> Result<Viewport, BrowserError> {
    let known = &manifest.viewports;
    let found = known
        .iter()
        .find(|(each, screen)| each == name || screen.viewport.to_string() == name);
    found.map(|(_, screen)| screen.viewport).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        BrowserError::Storybook {
            message: format!(
                "`parameters.tintype.viewports` of the story has `{name}`, which [viewports] of \
                 the manifest does not define\nhelp: define it, or use one of {}",
                names.join(", ")
            ),
        }
    })
}

/// How a snapshot is compared with baselines from its own environment and from
/// another one.
pub(super) fn compare_options(snapshot: &Snapshot, parameters: &Parameters) -> [Options; 2] {
    [
        snapshot.compare().clone(),
        snapshot.compare_with_other_environment(),
    ]
    .map(|options| with_parameters(options, snapshot, parameters))
}

fn with_parameters(mut options: Options, snapshot: &Snapshot, parameters: &Parameters) -> Options {
    if snapshot
        .story
        .storybook
        .as_ref()
        .is_some_and(|its| its.may_compare)
    {
        options.threshold = parameters.threshold.unwrap_or(options.threshold);
        options.max_diff_pixels = parameters.max_diff_pixels.or(options.max_diff_pixels);
        options.max_diff_ratio = parameters.max_diff_ratio.or(options.max_diff_ratio);
    }
    options
}
