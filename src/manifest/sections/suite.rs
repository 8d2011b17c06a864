//! Puts together the sections that apply to all stories.

use std::sync::Arc;

use crate::manifest::context::ReadContext;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::storybook::Catalogue;
use crate::manifest::types::{
    BaselineTemplate, BrowserSettings, CaptureSettings, CredentialTemplates, Device, Login,
    RequestRule, Source, Theme, Tolerances,
};

use super::source::{self, StorySource};
use super::viewports::{self, Viewports};
use super::{browser, capture, compare, device, login, requests, themes};

/// The sections that apply to all stories.
pub(in crate::manifest) struct Suite {
    pub(in crate::manifest) context: ReadContext,
    pub(in crate::manifest) project: String,
    pub(in crate::manifest) source: Source,
    pub(in crate::manifest) host: Option<String>,
    pub(in crate::manifest) from_code: bool,
    pub(in crate::manifest) credentials: CredentialTemplates,
    pub(in crate::manifest) is_stale: bool,
    /// The stories of a Storybook, if the source is one.
    pub(in crate::manifest) storybook: Option<Catalogue>,
    pub(in crate::manifest) browser: BrowserSettings,
    pub(in crate::manifest) baselines: BaselineTemplate,
    pub(in crate::manifest) retries: u32,
    pub(in crate::manifest) logins: Vec<Arc<Login>>,
    /// The default login of the stories.
    pub(in crate::manifest) login: Option<Arc<Login>>,
    pub(in crate::manifest) themes: Vec<Arc<Theme>>,
    pub(in crate::manifest) viewports: Viewports,
    pub(in crate::manifest) device: Device,
    pub(in crate::manifest) compare: Tolerances,
    pub(in crate::manifest) capture: CaptureSettings,
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
    let StorySource {
        source,
        host,
        from_code,
        credentials,
        storybook,
        is_stale,
        login,
    } = source::read(document.take("stories"), &context, &logins, problems);
    let (compare, capture) = (document.take("compare"), document.take("capture"));
    Suite {
        themes: themes::themes(document.take("themes"), storybook.is_some(), problems),
        project: project(document.take("project"), &context, problems),
        source,
        host,
        from_code,
        credentials,
        storybook,
        is_stale,
        device: device::read(document.take("device"), problems),
        logins,
        login,
        browser: browser::browser(document.take("browser"), &context, problems),
        viewports: viewports::viewports(document.take("viewports"), problems),
        baselines: baselines(document.take("baselines"), problems),
        compare: compare::compare(compare, &Tolerances::default(), problems),
        capture: capture::capture(capture, &CaptureSettings::default(), problems),
        requests: requests::requests(document.take("request"), &context.root, problems),
        context,
        retries: retries
            .and_then(|v| v.whole(0, 10, problems))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
    }
}

/// The name in `[project]`, otherwise that of the package.
fn project(value: Option<Value<'_>>, context: &ReadContext, problems: &mut Problems) -> String {
    let table = value.and_then(|value| value.table(problems));
    let name = table.and_then(|mut table| {
        let name = table.take("name");
        table.finish(problems);
        name
    });
    let Some((value, name)) = name.and_then(|name| Some((name.clone(), name.text(problems)?)))
    else {
        return context.project.clone();
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(is_allowed) {
        problems.add(value.wrong("a project name has only letters, digits, `.`, `_` and `-`"));
    }
    name.to_owned()
}

fn baselines(value: Option<Value<'_>>, problems: &mut Problems) -> BaselineTemplate {
    let table = value.and_then(|value| value.table(problems));
    let path = table.and_then(|mut table| {
        let path = table.take("path");
        table.finish(problems);
        path
    });
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
