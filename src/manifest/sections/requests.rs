//! `[[request]]`, and `[[story.request]]`: rules for requests.

use std::path::Path;
use std::sync::Arc;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::manifest::error::Problem;
use crate::manifest::reader::{Problems, Table, Value};
use crate::manifest::types::{
    RequestAction, RequestRule, Source, StorySpec, StubResponse, UrlPattern,
};
use crate::manifest::values::duration;

/// The keys for the body of a response.
const BODIES: [&str; 3] = ["json", "text", "file"];

/// Reads a list of rules. Files are relative to `root`.
pub(in crate::manifest) fn requests(
    value: Option<Value<'_>>,
    root: &Path,
    problems: &mut Problems,
) -> Vec<Arc<RequestRule>> {
    let rules = value.and_then(|value| value.list(problems));
    rules
        .into_iter()
        .flatten()
        .filter_map(|each| rule(&each, root, problems))
        .map(Arc::new)
        .collect()
}

/// Refuses rules for requests that are encrypted between page and server.
pub(in crate::manifest) fn check_source(
    source: &Source,
    stories: &[Arc<StorySpec>],
    problems: &mut Problems,
) {
    let Source::Url { base, .. } = source else {
        return;
    };
    let reads = |story: &&Arc<StorySpec>| story.requests.iter().any(|r| !r.is_tls_only());
    if base.starts_with("https:")
        && let Some(story) = stories.iter().find(reads)
    {
        let span = story.declared.clone();
        let message = "`request` cannot be used for stories served over https";
        problems.add(
            Problem::new(span, message).help("serve them over http and change `url` in [stories]"),
        );
    }
}

fn rule(value: &Value<'_>, root: &Path, problems: &mut Problems) -> Option<RequestRule> {
    let mut table = value.table(problems)?;
    let url = table.take("url");
    if url.is_none() {
        problems.add(
            value
                .wrong("is missing the key `url`")
                .help("add a pattern of URLs, for example url = \"**/api/users*\""),
        );
    }
    let pattern = url.as_ref().and_then(|url| pattern(url, problems));
    let method = table.take("method");
    let method = method.and_then(|method| self::method(&method, problems));
    let delay = table.take("delay");
    let has_delay = delay.is_some();
    let delay = delay.and_then(|delay| duration(&delay, problems));
    let block = table.take("block");
    let blocks = block.as_ref().and_then(|block| block.flag(problems)) == Some(true);
    let response = response(&mut table, root, problems);
    table.finish(problems);
    let action = match (response, blocks) {
        (RuleResponse::Nothing, false) if !has_delay => {
            problems
                .add(value.wrong(
                    "must set one of `json`, `text`, `file`, `status`, `block` and `delay`",
                ));
            return None;
        }
        (RuleResponse::Nothing, false) => RequestAction::Pass,
        (RuleResponse::Nothing, true) => RequestAction::Block,
        (RuleResponse::Stub(stub), false) => RequestAction::Respond(stub),
        (RuleResponse::Stub(_) | RuleResponse::Broken, true) => {
            problems.add(value.wrong("sets `block` and a response, which cannot be combined"));
            return None;
        }
        (RuleResponse::Broken, false) => return None,
    };
    let rule = RequestRule {
        url: pattern?,
        method,
        delay,
        action,
    };
    check_visible(&rule, &url?, problems).then_some(rule)
}

fn pattern(value: &Value<'_>, problems: &mut Problems) -> Option<UrlPattern> {
    let text = value.text(problems)?;
    if text.starts_with("ws:") || text.starts_with("wss:") {
        problems.add(value.wrong("matches a WebSocket, which is not supported"));
        return None;
    }
    let whole = text.starts_with(['/', '*', '{']) || text.starts_with("http");
    if !whole {
        problems.add(
            value
                .wrong("matches no URL, since a pattern must match the whole URL")
                .help(format!(
                    "write \"**/{text}\" for any server, or \"/{text}\" for the story server"
                )),
        );
        return None;
    }
    UrlPattern::parse(text)
        .map_err(|error| {
            problems.add(value.wrong(&format!("is not a valid pattern: {}", error.kind())));
        })
        .ok()
}

/// Of a request over TLS only the host is visible.
fn check_visible(rule: &RequestRule, url: &Value<'_>, problems: &mut Problems) -> bool {
    if !rule.is_tls_only() {
        return true;
    }
    let whole_host = rule.url.is_of_whole_hosts() && rule.method.is_none();
    if rule.action == RequestAction::Block && rule.delay.is_none() && whole_host {
        return true;
    }
    problems.add(
        url.wrong("matches https requests, of which only whole hosts can be blocked")
            .help("block the host with url = \"https://the.host/**\", or let the page use http"),
    );
    false
}

fn method(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    let is_method = Method::from_bytes(text.as_bytes()).is_ok();
    let known = is_method && text.chars().all(|c| c.is_ascii_uppercase());
    if !known {
        problems.add(value.expected("an HTTP method in capitals, for example \"GET\" or \"POST\""));
    }
    known.then(|| text.to_owned())
}

/// The response of a rule.
enum RuleResponse {
    Nothing,
    /// It has an error, which is reported.
    Broken,
    Stub(StubResponse),
}

fn response(table: &mut Table<'_>, root: &Path, problems: &mut Problems) -> RuleResponse {
    let before = problems.0.len();
    let bodies = BODIES.map(|key| Some((key, table.take(key)?)));
    let bodies: Vec<_> = bodies.into_iter().flatten().collect();
    let (status, headers) = (table.take("status"), table.take("headers"));
    if let [_, (_, second), ..] = bodies.as_slice() {
        problems.add(
            second.wrong("is a second body: only one of `json`, `text` and `file` can be set"),
        );
    }
    if bodies.is_empty() && status.is_none() {
        let Some(headers) = headers else {
            return RuleResponse::Nothing;
        };
        let problem = headers.wrong("requires a response");
        problems.add(problem.help("set one of `json`, `text`, `file` and `status`"));
        return RuleResponse::Broken;
    }
    let mut stub = StubResponse {
        status: 200,
        headers: Vec::new(),
        body: Arc::new([]),
    };
    if let Some(status) = status.and_then(|v| v.whole(200, 599, problems)) {
        stub.status = u16::try_from(status).unwrap_or(200);
    }
    if let Some((key, value)) = bodies.first()
        && let Some((kind, body)) = body(key, value, root, problems)
    {
        stub.body = body.into();
        stub.headers.push((CONTENT_TYPE.to_string(), kind));
    }
    for (name, text) in headers.map(|v| fields(&v, problems)).unwrap_or_default() {
        stub.headers.retain(|(known, _)| *known != name);
        stub.headers.push((name, text));
    }
    if problems.0.len() > before {
        return RuleResponse::Broken;
    }
    RuleResponse::Stub(stub)
}

/// A body and its content type.
fn body(
    key: &str,
    value: &Value<'_>,
    root: &Path,
    problems: &mut Problems,
) -> Option<(String, Vec<u8>)> {
    match key {
        "json" => {
            let json = value.json(problems)?;
            Some(("application/json".to_owned(), json.to_string().into_bytes()))
        }
        "text" => {
            let text = value.text(problems)?;
            Some(("text/plain; charset=utf-8".to_owned(), text.into()))
        }
        _ => {
            let path = root.join(value.text(problems)?);
            let kind = mime_guess::from_path(&path).first_or_octet_stream();
            std::fs::read(&path)
                .map_err(|error| {
                    let problem = value.wrong(&format!("cannot be read: {error}"));
                    problems.add(problem.help(format!("the file is {}", path.display())));
                })
                .map(|bytes| (kind.to_string(), bytes))
                .ok()
        }
    }
}

/// Header fields with names in lower case.
fn fields(value: &Value<'_>, problems: &mut Problems) -> Vec<(String, String)> {
    let table = value.table(problems).map(Table::named);
    let mut fields = Vec::new();
    for entry in table.into_iter().flatten() {
        let Some(text) = entry.value.text(problems) else {
            continue;
        };
        let name = HeaderName::from_bytes(entry.name.as_bytes());
        match (name, HeaderValue::from_str(text)) {
            (Ok(name), Ok(_)) => fields.push((name.to_string(), text.to_owned())),
            _ => problems.add(entry.value.wrong("is not a valid HTTP header")),
        }
    }
    fields
}
