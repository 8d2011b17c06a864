//! `[stories]`: where the stories come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::manifest::context::ReadContext;
use crate::manifest::error::Problem;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::storybook::{self, Catalogue, Index};
use crate::manifest::types::{CredentialTemplates, Login, Source, StoryLock};
use crate::manifest::values::{address, is_address};

use super::{coordination, credentials, login};

/// The `[stories]` section.
pub(in crate::manifest) struct StoriesSection {
    pub(in crate::manifest) source: Source,
    /// The name by which browsers on other machines reach this one.
    pub(in crate::manifest) host: Option<String>,
    /// Whether the built-in server follows symbolic links out of its folder.
    pub(in crate::manifest) follow_symlinks: bool,
    /// Whether the test target may add stories.
    pub(in crate::manifest) from_code: bool,
    pub(in crate::manifest) credentials: CredentialTemplates,
    /// The stories of a Storybook, if the source is one.
    pub(in crate::manifest) storybook: Option<Catalogue>,
    /// Whether a running Storybook did not provide these stories just now.
    pub(in crate::manifest) is_stale: bool,
    /// The login of the stories.
    pub(in crate::manifest) login: Option<Arc<Login>>,
    /// The lock of the stories.
    pub(in crate::manifest) lock: Option<Arc<StoryLock>>,
}

impl StoriesSection {
    /// The placeholder for a source with an error; its folder is never read.
    fn invalid() -> Self {
        Self::new(Source::Dir(PathBuf::new()))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            host: None,
            follow_symlinks: false,
            from_code: false,
            credentials: CredentialTemplates::default(),
            storybook: None,
            is_stale: false,
            login: None,
            lock: None,
        }
    }
}

/// The keys of `[stories]`.
struct SourceKeys<'a> {
    dir: Option<Value<'a>>,
    url: Option<Value<'a>>,
    storybook: Option<Value<'a>>,
    command: Option<Value<'a>>,
    include: Option<Value<'a>>,
    exclude: Option<Value<'a>>,
    host: Option<Value<'a>>,
    follow_symlinks: Option<Value<'a>>,
    from_code: bool,
}

impl<'a> SourceKeys<'a> {
    fn take(table: &mut Table<'a>, problems: &mut Problems) -> Self {
        let from_code = table.take("from-code");
        Self {
            from_code: from_code.and_then(|v| v.flag(problems)).unwrap_or(false),
            dir: table.take("dir"),
            url: table.take("url"),
            storybook: table.take("storybook"),
            command: table.take("command"),
            include: table.take("include"),
            exclude: table.take("exclude"),
            host: table.take("host"),
            follow_symlinks: table.take("follow-symlinks"),
        }
    }
}

/// Reads `[stories]`.
pub(super) fn read(
    value: Option<Value<'_>>,
    context: &ReadContext,
    logins: &[Arc<Login>],
    problems: &mut Problems,
) -> StoriesSection {
    let Some(value) = value else {
        let problem = Problem::new(0..0, "the section [stories] is missing");
        problems.add(problem.help("name the folder of the stories: [stories] dir = \"stories\""));
        return StoriesSection::invalid();
    };
    let Some(mut table) = value.table(problems) else {
        return StoriesSection::invalid();
    };
    let keys = SourceKeys::take(&mut table, problems);
    let credentials = credentials::read(&mut table, problems);
    let login = login::selection(table.take("login").as_ref(), logins, None, problems);
    let lock = coordination::lock(table.take("lock").as_ref(), None, problems);
    table.finish(problems);
    let source = source(&value, &keys, context, problems);
    let source = source.unwrap_or_else(StoriesSection::invalid);
    if matches!(source.source, Source::Dir(_)) {
        credentials::require_server(&credentials, problems);
    }
    let follows = keys.follow_symlinks.as_ref().and_then(|v| v.flag(problems));
    StoriesSection {
        host: keys.host.as_ref().and_then(|v| host_name(v, problems)),
        follow_symlinks: follows == Some(true),
        from_code: keys.from_code,
        credentials: credentials.credentials,
        login,
        lock,
        ..source
    }
}

fn source(
    section: &Value<'_>,
    keys: &SourceKeys<'_>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<StoriesSection> {
    check_unused_keys(keys, problems);
    let wrong = |message: &str| Problem::new(section.span.clone(), message);
    match (&keys.dir, &keys.url, &keys.storybook) {
        (Some(dir), None, None) => {
            let folder = context.root.join(dir.text(problems)?);
            if !folder.is_dir() {
                let problem = dir.wrong("is not a folder");
                problems.add(problem.help(format!("create the folder {}", folder.display())));
            }
            Some(StoriesSection::new(Source::Dir(folder)))
        }
        (None, Some(url), None) => Some(StoriesSection::new(server(url, keys, problems)?)),
        (None, None, Some(storybook)) => {
            let source = self::storybook(storybook, keys, context, problems);
            Some(source.unwrap_or_else(|| StoriesSection {
                storybook: Some(Catalogue::broken()),
                ..StoriesSection::invalid()
            }))
        }
        (None, None, None) if keys.from_code => Some(StoriesSection::new(Source::Code)),
        (None, None, None) => {
            problems.add(wrong(
                "[stories] must set one of `dir`, `url` and `storybook`",
            ));
            None
        }
        _ => {
            problems.add(wrong(
                "`dir`, `url` and `storybook` in [stories] cannot be combined",
            ));
            None
        }
    }
}

/// Refuses keys that have no effect with this source.
fn check_unused_keys(keys: &SourceKeys<'_>, problems: &mut Problems) {
    let is_running = |value: &Value<'_>| value.inner().as_str().is_some_and(is_address);
    let has_server = keys.url.is_some() || keys.storybook.as_ref().is_some_and(is_running);
    if let (Some(command), false) = (&keys.command, has_server) {
        problems.add(command.wrong("requires `url` in [stories]"));
    }
    if let (Some(host), true) = (&keys.host, has_server) {
        problems.add(host.wrong("is for the built-in server and cannot be combined with `url`"));
    }
    if let (Some(follows), true) = (&keys.follow_symlinks, has_server) {
        problems.add(follows.wrong("is for the built-in server and cannot be combined with `url`"));
    }
    for key in [&keys.include, &keys.exclude].into_iter().flatten() {
        if keys.storybook.is_none() {
            problems.add(key.wrong("requires `storybook` in [stories]"));
        }
    }
}

/// A name or address without scheme, port and path.
fn host_name(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    if url::Host::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    let problem = value.expected("the host name or IP address of this machine, without a port");
    problems.add(problem.help("write it as in host = \"ci-7.example.org\""));
    None
}

fn server(url: &Value<'_>, keys: &SourceKeys<'_>, problems: &mut Problems) -> Option<Source> {
    let command = keys.command.as_ref();
    Some(Source::Url {
        base: address(url, problems)?,
        command: command
            .and_then(|value| value.text(problems))
            .map(str::to_owned),
    })
}

/// A Storybook: built, in a folder, or running.
fn storybook(
    value: &Value<'_>,
    keys: &SourceKeys<'_>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<StoriesSection> {
    let text = value.text(problems)?;
    if is_address(text) {
        return running_storybook(value, keys, &context.state_dir, problems);
    }
    let folder = context.root.join(text);
    if !folder.is_dir() {
        let problem = value.wrong("is not a folder");
        problems.add(problem.help(format!(
            "build the Storybook (`npx storybook build`) to {}",
            folder.display()
        )));
        return None;
    }
    let index = match Index::read(&folder) {
        Ok(index) => index,
        Err(error) => {
            problems.add(value.wrong(&error.message).help(error.help));
            return None;
        }
    };
    let (include, exclude) = (keys.include.as_ref(), keys.exclude.as_ref());
    let filter = storybook::filter(include, exclude, &index, problems);
    Some(StoriesSection {
        storybook: Some(Catalogue {
            index,
            filter,
            is_broken: false,
        }),
        ..StoriesSection::new(Source::Dir(folder))
    })
}

/// A running Storybook. If it does not answer, its stories are those of its
/// last answer; if `command` starts it, they may become known later.
fn running_storybook(
    value: &Value<'_>,
    keys: &SourceKeys<'_>,
    state_dir: &Path,
    problems: &mut Problems,
) -> Option<StoriesSection> {
    let source = server(value, keys, problems)?;
    let Source::Url { base, command } = &source else {
        return None;
    };
    let name = blake3::hash(base.as_bytes()).to_hex();
    let cached = state_dir.join(format!("storybook/{}.json", &name[..16]));
    let problem = match Index::of_server(base, &cached) {
        Ok(Some(fetched)) => {
            let (include, exclude) = (keys.include.as_ref(), keys.exclude.as_ref());
            let filter = storybook::filter(include, exclude, &fetched.index, problems);
            return Some(StoriesSection {
                is_stale: !fetched.is_fresh,
                storybook: Some(Catalogue {
                    index: fetched.index,
                    filter,
                    is_broken: false,
                }),
                ..StoriesSection::new(source)
            });
        }
        Ok(None) if command.is_some() => {
            return Some(StoriesSection {
                is_stale: true,
                storybook: Some(Catalogue::broken()),
                ..StoriesSection::new(source)
            });
        }
        Ok(None) => value.wrong("does not answer").help(
            "start it, set `command` to start it, or name the folder of a built Storybook: \
             storybook = \"storybook-static\"",
        ),
        Err(error) => value.wrong(&error.message).help(error.help),
    };
    problems.add(problem);
    None
}
