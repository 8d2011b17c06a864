//! `[stories]`: where the stories come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::ReadContext;
use super::credentials::{self, CredentialTemplates};
use super::error::Problem;
use super::login::{self, Login};
use super::reader::{Problems, Table, Value};
use super::storybook::{self, Catalogue, Index};
use super::types::Source;

/// What `[stories]` says.
pub(super) struct Origin {
    pub(super) source: Source,
    /// The name by which browsers elsewhere reach this machine.
    pub(super) host: Option<String>,
    /// Whether the test target may name stories, too.
    pub(super) from_code: bool,
    pub(super) credentials: CredentialTemplates,
    /// The stories of a Storybook, where the source is one.
    pub(super) storybook: Option<Catalogue>,
    /// Whether these are not what the Storybook says now.
    pub(super) is_stale: bool,
    /// As whom the stories are visited.
    pub(super) login: Option<Arc<Login>>,
}

impl Origin {
    /// After an error the folder is the manifest's own, and nobody looks into
    /// it.
    fn nowhere() -> Self {
        Self::of(Source::Dir(PathBuf::new()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            host: None,
            from_code: false,
            credentials: CredentialTemplates::default(),
            storybook: None,
            is_stale: false,
            login: None,
        }
    }
}

/// The keys of `[stories]`.
struct Keys<'a> {
    dir: Option<Value<'a>>,
    url: Option<Value<'a>>,
    storybook: Option<Value<'a>>,
    command: Option<Value<'a>>,
    include: Option<Value<'a>>,
    exclude: Option<Value<'a>>,
    host: Option<Value<'a>>,
    from_code: bool,
}

impl<'a> Keys<'a> {
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
        }
    }
}

pub(super) fn read(
    value: Option<Value<'_>>,
    context: &ReadContext,
    logins: &[Arc<Login>],
    problems: &mut Problems,
) -> Origin {
    let Some(value) = value else {
        let problem = Problem::new(0..0, "there is no [stories] section");
        problems.add(problem.help("say where the stories are: [stories] dir = \"stories\""));
        return Origin::nowhere();
    };
    let Some(mut table) = value.table(problems) else {
        return Origin::nowhere();
    };
    let keys = Keys::take(&mut table, problems);
    let credentials = credentials::read(&mut table, problems);
    let login = login::choice(table.take("login").as_ref(), logins, None, problems);
    table.finish(problems);
    let origin = origin(&value, &keys, context, problems).unwrap_or_else(Origin::nowhere);
    match origin.source {
        Source::Dir(_) => credentials::only_for_servers(&credentials, problems),
        Source::Url { .. } | Source::Code => {}
    }
    Origin {
        host: keys.host.as_ref().and_then(|v| host_name(v, problems)),
        from_code: keys.from_code,
        credentials: credentials.credentials,
        login,
        ..origin
    }
}

fn origin(
    section: &Value<'_>,
    keys: &Keys<'_>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<Origin> {
    foreign_keys(keys, problems);
    let wrong = |message: &str, help: &str| Problem::new(section.span.clone(), message).help(help);
    match (&keys.dir, &keys.url, &keys.storybook) {
        (Some(dir), None, None) => {
            let folder = context.root.join(dir.text(problems)?);
            folder_exists(&folder, dir, problems);
            Some(Origin::of(Source::Dir(folder)))
        }
        (None, Some(url), None) => Some(Origin::of(server(url, keys, problems)?)),
        (None, None, Some(storybook)) => {
            let origin = self::storybook(storybook, keys, context, problems);
            Some(origin.unwrap_or_else(|| Origin {
                storybook: Some(Catalogue::broken()),
                ..Origin::nowhere()
            }))
        }
        (None, None, None) if keys.from_code => Some(Origin::of(Source::Code)),
        (None, None, None) => {
            problems.add(wrong(
                "[stories] does not say where stories are",
                "give it one of `dir`, `url` or `storybook`",
            ));
            None
        }
        _ => {
            problems.add(wrong(
                "[stories] names more than one source",
                "give it only one of `dir`, `url` or `storybook`",
            ));
            None
        }
    }
}

/// Keys that mean nothing for this source.
fn foreign_keys(keys: &Keys<'_>, problems: &mut Problems) {
    let running = |value: &Value<'_>| value.inner().as_str().is_some_and(is_address);
    let served = keys.url.is_some() || keys.storybook.as_ref().is_some_and(running);
    if let (Some(command), false) = (&keys.command, served) {
        problems.add(command.wrong("starts the server of a `url`, and there is none"));
    }
    if let (Some(host), true) = (&keys.host, served) {
        problems.add(host.wrong("is for the built-in server, and `url` names another"));
    }
    for key in [&keys.include, &keys.exclude].into_iter().flatten() {
        if keys.storybook.is_none() {
            problems.add(key.wrong("is for the stories of a `storybook`"));
        }
    }
}

/// A name or address without scheme, port and path.
fn host_name(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    if url::Host::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    let problem = value.wrong("must be the name or address of this machine");
    let help = "the port is the server's own affair: host = \"ci-7.example.org\"";
    problems.add(problem.help(help));
    None
}

fn server(url: &Value<'_>, keys: &Keys<'_>, problems: &mut Problems) -> Option<Source> {
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
    keys: &Keys<'_>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<Origin> {
    let text = value.text(problems)?;
    if is_address(text) {
        return running(value, keys, context, problems);
    }
    let folder = context.root.join(text);
    if !folder.is_dir() {
        let problem = value.wrong("is not a folder");
        let looked = folder.display();
        problems.add(problem.help(format!(
            "build the Storybook (`npx storybook build`); looked for {looked}"
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
    Some(Origin {
        storybook: Some(Catalogue {
            index,
            filter,
            is_broken: false,
        }),
        ..Origin::of(Source::Dir(folder))
    })
}

/// A Storybook that runs somewhere. Where it does not answer, the stories are
/// those that it had last; where `command` starts it, they may be learnt later.
fn running(
    value: &Value<'_>,
    keys: &Keys<'_>,
    context: &ReadContext,
    problems: &mut Problems,
) -> Option<Origin> {
    let source = server(value, keys, problems)?;
    let Source::Url { base, command } = &source else {
        return None;
    };
    let name = blake3::hash(base.as_bytes()).to_hex();
    let kept = context
        .state_dir
        .join(format!("storybook/{}.json", &name[..16]));
    let wrong = match Index::of_server(base, &kept) {
        Ok(Some(listed)) => {
            let (include, exclude) = (keys.include.as_ref(), keys.exclude.as_ref());
            let filter = storybook::filter(include, exclude, &listed.index, problems);
            return Some(Origin {
                is_stale: !listed.is_fresh,
                storybook: Some(Catalogue {
                    index: listed.index,
                    filter,
                    is_broken: false,
                }),
                ..Origin::of(source)
            });
        }
        Ok(None) if command.is_some() => {
            return Some(Origin {
                is_stale: true,
                storybook: Some(Catalogue::broken()),
                ..Origin::of(source)
            });
        }
        Ok(None) => value.wrong("does not answer").help(
            "start it, let `command` start it, or name the folder that it was built to: \
             storybook = \"storybook-static\"",
        ),
        Err(error) => value.wrong(&error.message).help(error.help),
    };
    problems.add(wrong);
    None
}

fn folder_exists(folder: &Path, value: &Value<'_>, problems: &mut Problems) {
    if !folder.is_dir() {
        let problem = value.wrong("is not a folder");
        problems.add(problem.help(format!("looked for {}", folder.display())));
    }
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// An address without its trailing slash.
pub(super) fn address(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    if !is_address(text) {
        let problem = value.wrong("must be an address that begins with http:// or https://");
        problems.add(problem);
        return None;
    }
    let has_user = url::Url::parse(text)
        .is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    if has_user {
        let mut problem = value.wrong("has a user or a password in it, which would be shown");
        // Not even here.
        problem.span = 0..0;
        problems.add(problem.help("basic-auth = { user = \"ada\", password = \"${PASSWORD}\" }"));
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
