//! `cargo tintype cache clear`

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tintype::internals::cache::CacheScope;
use tintype::internals::config::Config;

use super::open::OpenCache;
use super::why::unknown_story;
use crate::output::{self, print_line};
use crate::project::Project;

/// Have stories captured again by the next run, on every machine that shares the cache
///
/// Entries are not deleted: those recorded so far are ignored from now on, also by
/// other machines that use the same Redis. Runs in progress are not disturbed.
#[derive(clap::Args)]
pub(crate) struct CacheClearOptions {
    /// Id of a story, or a folder of stories such as `forms/`; everything without it
    #[arg(value_name = "FILTER")]
    filter: Option<String>,

    /// The stories with this tag in the Storybook
    #[arg(long, conflicts_with = "filter")]
    tag: Option<String>,

    /// Print a JSON object instead of a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, options: &CacheClearOptions) -> Result<()> {
    let open = OpenCache::new(config)?;
    if let Some(reason) = open.cache.disabled_reason() {
        bail!("there is no cache to clear: {reason}");
    }
    let scope = match &options.tag {
        Some(tag) => tag_scope(&open.project, tag)?,
        None => scope(&open.project, options.filter.as_deref())?,
    };
    let cleared = open.wait(open.cache.clear(&scope));
    let is_told = cleared
        .with_context(|| format!("failed to clear the cache in {}", open.folder.display()))?;
    let snapshots = open.project.plan.snapshots.iter();
    let count = snapshots.filter(|it| scope.covers(&it.story)).count();
    if options.json {
        output::print_json(&json!({
            "cleared": scope.to_string(),
            "snapshots": count,
            "shared": is_told,
        }))?;
    } else {
        let noun = if count == 1 { "snapshot" } else { "snapshots" };
        print_line!("the next run captures {count} {noun} ({scope})");
    }
    let warnings = open.flush();
    if !is_told {
        bail!(
            "other machines still use their entries: {} (help: repeat the command once Redis \
             answers; the next run of this machine tells them as well)",
            warnings.join(", ")
        );
    }
    Ok(())
}

fn tag_scope(project: &Project, tag: &str) -> Result<CacheScope> {
    let stories = project.manifest.stories.iter();
    let tags: BTreeSet<&str> = stories
        .flat_map(|story| story.tags())
        .map(String::as_str)
        .collect();
    if tags.contains(tag) {
        return Ok(CacheScope::Tag(tag.to_owned()));
    }
    let tags = tags.into_iter().collect::<Vec<_>>().join(", ");
    match tags.as_str() {
        "" => bail!("no story has a tag (help: only stories of a Storybook have tags)"),
        tags => bail!("no story has the tag `{tag}` (help: their tags are {tags})"),
    }
}

fn scope(project: &Project, filter: Option<&str>) -> Result<CacheScope> {
    let Some(filter) = filter else {
        return Ok(CacheScope::All);
    };
    let stories = &project.manifest.stories;
    let folder = CacheScope::Folder(filter.trim_matches('/').to_owned());
    let story = CacheScope::Story(filter.to_owned());
    let mut scopes = [story, folder].into_iter();
    let found = scopes.find(|scope| stories.iter().any(|story| scope.covers(story)));
    found.ok_or_else(|| unknown_story(project, filter))
}
