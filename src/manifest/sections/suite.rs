//! Puts together the sections that apply to all stories.

use std::sync::Arc;

use crate::config::ArtifactLocation;
use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{
    AlertSettings, BaselineTemplate, BrowserSettings, Budget, CaptureSettings, Device, Login,
    RequestRule, RetentionSettings, Theme, Tolerances,
};

use super::source::{self, StoriesSection};
use super::viewports::{self, Viewports};
use super::{
    alerts, artifacts, browser, budget, capture, compare, device, explain, login, requests,
    retention, themes,
};

/// The sections that apply to all stories, each in its own field.
pub(in crate::manifest) struct Suite {
    pub(in crate::manifest) context: ReadContext,
    pub(in crate::manifest) project: String,
    pub(in crate::manifest) default_branch: Option<String>,
    pub(in crate::manifest) retention: RetentionSettings,
    pub(in crate::manifest) stories: StoriesSection,
    pub(in crate::manifest) browser: BrowserSettings,
    pub(in crate::manifest) baselines: BaselineTemplate,
    pub(in crate::manifest) keeps_in_store: bool,
    pub(in crate::manifest) alerts: AlertSettings,
    pub(in crate::manifest) artifacts: Option<ArtifactLocation>,
    pub(in crate::manifest) takes_digest: bool,
    pub(in crate::manifest) retries: u32,
    pub(in crate::manifest) logins: Vec<Arc<Login>>,
    pub(in crate::manifest) themes: Vec<Arc<Theme>>,
    pub(in crate::manifest) viewports: Viewports,
    pub(in crate::manifest) device: Device,
    pub(in crate::manifest) compare: Tolerances,
    pub(in crate::manifest) capture: CaptureSettings,
    pub(in crate::manifest) budget: Budget,
    pub(in crate::manifest) requests: Vec<Arc<RequestRule>>,
}

/// Reads every section but `[[story]]`.
pub(in crate::manifest) fn read(
    document: &mut Table<'_>,
    context: ReadContext,
    problems: &mut Problems,
) -> Suite {
    let retries = document.take("retries");
    let logins = login::logins(document.take("login"), &context.variables, problems);
    let stories = source::read(document.take("stories"), &context, &logins, problems);
    let in_storybook = stories.storybook.is_some();
    let artifacts = artifacts::read(document.take("artifacts"), &context, problems);
    let has_store = artifacts.is_some();
    let (section, rules) = (document.take("alerts"), document.take("alert"));
    let alerts = alerts::read(section, rules, &context.variables, problems);
    let (baselines, keeps_in_store) = baselines(document.take("baselines"), has_store, problems);
    let (compare, capture) = (document.take("compare"), document.take("capture"));
    let (project, default_branch) = project(document.take("project"), &context, problems);
    let browser = browser::browser(document.take("browser"), &context, problems);
    let platform = browser.platform();
    Suite {
        themes: themes::themes(document.take("themes"), in_storybook, problems),
        stories,
        project,
        default_branch,
        retention: retention::retention(document.take("retention"), &context, problems),
        device: device::read(document.take("device"), problems),
        logins,
        browser,
        viewports: viewports::viewports(document.take("viewports"), problems),
        alerts,
        artifacts,
        takes_digest: explain::takes_digest(document.take("explain"), problems),
        baselines: baselines.on_platform(platform),
        keeps_in_store,
        compare: compare::compare(compare, &Tolerances::exact_on(platform), problems),
        capture: capture::capture(capture, &CaptureSettings::default(), problems),
        budget: budget::budget(document.take("budget"), &Budget::default(), problems),
        requests: requests::requests(document.take("request"), &context.root, problems),
        context,
        retries: retries
            .and_then(|v| v.whole(0, 10, problems))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
    }
}

/// The name in `[project]`, otherwise that of the package, and the default branch
/// if `[project]` names it.
fn project(
    value: Option<Value<'_>>,
    context: &ReadContext,
    problems: &mut Problems,
) -> (String, Option<String>) {
    let Some(mut table) = value.and_then(|value| value.table(problems)) else {
        return (context.project.clone(), None);
    };
    let (name, branch) = (table.take("name"), table.take("default-branch"));
    table.finish(problems);
    let name = match name.and_then(|name| Some((name.clone(), name.text(problems)?))) {
        None => context.project.clone(),
        Some((value, name)) => {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if name.is_empty() || !name.chars().all(is_allowed) {
                let problem = "a project name has only letters, digits, `.`, `_` and `-`";
                problems.add(value.wrong(problem));
            }
            name.to_owned()
        }
    };
    let branch = branch.and_then(|value| match value.text(problems)? {
        "" => {
            problems.add(value.expected("the name of a branch"));
            None
        }
        branch => Some(branch.to_owned()),
    });
    (name, branch)
}

/// The path template, and whether the baselines are in the artifact store.
fn baselines(
    value: Option<Value<'_>>,
    has_store: bool,
    problems: &mut Problems,
) -> (BaselineTemplate, bool) {
    let table = value.and_then(|value| value.table(problems));
    let Some(mut table) = table else {
        return (BaselineTemplate::default(), false);
    };
    let (path, keep) = (table.take("path"), table.take("keep"));
    table.finish(problems);
    let in_store =
        keep.is_some_and(|keep| match keep.text(problems) {
            Some("store") if !has_store => {
                problems.add(keep.wrong(
                    "needs an artifact store: set `url` in [artifacts] or TINTYPE_ARTIFACTS",
                ));
                false
            }
            Some("store") => true,
            Some("git") | None => false,
            Some(_) => {
                problems.add(keep.expected("\"git\" or \"store\""));
                false
            }
        });
    (template(path, problems), in_store)
}

fn template(path: Option<Value<'_>>, problems: &mut Problems) -> BaselineTemplate {
    let Some((path, text)) = path.and_then(|path| Some((path.clone(), path.text(problems)?)))
    else {
        return BaselineTemplate::default();
    };
    BaselineTemplate::parse(text).unwrap_or_else(|error| {
        let problem = path.wrong(&error.message);
        problems.add(match error.unknown_placeholder {
            Some(name) => problem.suggest(&name, BaselineTemplate::placeholders()),
            None => problem,
        });
        BaselineTemplate::default()
    })
}
