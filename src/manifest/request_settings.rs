//! `[[request]]`, which a suite and each of its stories have.

use std::path::Path;
use std::sync::Arc;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::capture_settings::duration;
use super::error::Problem;
use super::reader::{Problems, Table, Value};
use super::request_rule::{RequestAction, RequestRule, StubResponse, UrlPattern};
use super::types::{Source, StorySpec};

/// What a rule may say of the answer's body.
const BODIES: [&str; 3] = ["json", "text", "file"];

/// Reads `request`: a list of rules. Files are looked for below `root`.
pub(super) fn requests(
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

/// Rules need requests that can be read on their way.
pub(super) fn check_source(source: &Source, stories: &[Arc<StorySpec>], problems: &mut Problems) {
    let Source::Url { base, .. } = source else {
        return;
    };
    let reads = |story: &&Arc<StorySpec>| story.requests.iter().any(|r| !r.is_of_tls());
    if base.starts_with("https:")
        && let Some(story) = stories.iter().find(reads)
    {
        let span = story.declared.clone();
        let message = "`request` cannot see the requests of stories that are served over TLS";
        problems.add(
            Problem::new(span, message).help("let `url` in [stories] begin with http:// for them"),
        );
    }
}

fn rule(value: &Value<'_>, root: &Path, problems: &mut Problems) -> Option<RequestRule> {
    let mut table = value.table(problems)?;
    let url = table.take("url");
    if url.is_none() {
        problems.add(
            value
                .wrong("does not say which requests")
                .help("give it a pattern of addresses: url = \"**/api/users*\""),
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
    let answer = answer(&mut table, root, problems);
    table.finish(problems);
    let action = match (answer, blocks) {
        (Given::Nothing, false) if !has_delay => {
            let nothing = "does not say what becomes of the request";
            problems.add(value.wrong(nothing).help(
                "give it `json`, `text`, `file` or `status` to answer it, `block = true` or `delay`",
            ));
            return None;
        }
        (Given::Nothing, false) => RequestAction::Pass,
        (Given::Nothing, true) => RequestAction::Block,
        (Given::StubResponse(answer), false) => RequestAction::Respond(answer),
        (Given::StubResponse(_) | Given::Broken, true) => {
            problems.add(value.wrong("both blocks and answers: give one of them"));
            return None;
        }
        (Given::Broken, false) => return None,
    };
    let rule = RequestRule {
        url: pattern?,
        method,
        delay,
        action,
    };
    within_reach(&rule, &url?, problems).then_some(rule)
}

fn pattern(value: &Value<'_>, problems: &mut Problems) -> Option<UrlPattern> {
    let text = value.text(problems)?;
    if text.starts_with("ws:") || text.starts_with("wss:") {
        let problem = value.wrong("names a WebSocket, which can be neither blocked nor answered");
        problems.add(problem);
        return None;
    }
    let whole = text.starts_with(['/', '*', '{']) || text.starts_with("http");
    if !whole {
        problems.add(
            value
                .wrong("can match no address: it is compared with the whole of it")
                .help(format!(
                    "\"**/{text}\" for any server, \"/{text}\" for the stories' own"
                )),
        );
        return None;
    }
    UrlPattern::parse(text)
        .map_err(|error| problems.add(value.wrong(&format!("is not a pattern: {}", error.kind()))))
        .ok()
}

/// What is said over TLS cannot be seen from outside, except for the host.
fn within_reach(rule: &RequestRule, url: &Value<'_>, problems: &mut Problems) -> bool {
    if !rule.is_of_tls() {
        return true;
    }
    let whole_host = rule.url.is_of_whole_hosts() && rule.method.is_none();
    if rule.action == RequestAction::Block && rule.delay.is_none() && whole_host {
        return true;
    }
    problems.add(
        url.wrong("names requests over TLS, of which only whole hosts can be blocked")
            .help("block them with url = \"https://the.host/**\", or let the page ask an http address"),
    );
    false
}

fn method(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    let text = value.text(problems)?;
    let is_method = Method::from_bytes(text.as_bytes()).is_ok();
    let known = is_method && text.chars().all(|c| c.is_ascii_uppercase());
    if !known {
        problems.add(
            value
                .wrong(&format!("cannot be \"{text}\""))
                .help("an HTTP method in capitals: \"GET\", \"POST\""),
        );
    }
    known.then(|| text.to_owned())
}

/// What a rule says of an answer.
enum Given {
    Nothing,
    /// Something, and it is wrong.
    Broken,
    StubResponse(StubResponse),
}

fn answer(table: &mut Table<'_>, root: &Path, problems: &mut Problems) -> Given {
    let before = problems.0.len();
    let bodies = BODIES.map(|key| Some((key, table.take(key)?)));
    let bodies: Vec<_> = bodies.into_iter().flatten().collect();
    let (status, headers) = (table.take("status"), table.take("headers"));
    if let [_, (_, second), ..] = bodies.as_slice() {
        problems.add(second.wrong("is a second body: give one of `json`, `text` and `file`"));
    }
    if bodies.is_empty() && status.is_none() {
        let Some(headers) = headers else {
            return Given::Nothing;
        };
        let problem = headers.wrong("belongs to an answer, and there is none");
        problems.add(problem.help("add `json`, `text`, `file` or `status`"));
        return Given::Broken;
    }
    let mut answer = StubResponse {
        status: 200,
        headers: Vec::new(),
        body: Arc::new([]),
    };
    if let Some(status) = status.and_then(|v| v.whole(200, 599, problems)) {
        answer.status = u16::try_from(status).unwrap_or(200);
    }
    if let Some((key, value)) = bodies.first()
        && let Some((kind, body)) = body(key, value, root, problems)
    {
        answer.body = body.into();
        answer.headers.push((CONTENT_TYPE.to_string(), kind));
    }
    for (name, text) in headers.map(|v| fields(&v, problems)).unwrap_or_default() {
        answer.headers.retain(|(known, _)| *known != name);
        answer.headers.push((name, text));
    }
    if problems.0.len() > before {
        return Given::Broken;
    }
    Given::StubResponse(answer)
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
                    problems.add(problem.help(format!("looked for {}", path.display())));
                })
                .map(|bytes| (kind.to_string(), bytes))
                .ok()
        }
    }
}

/// Header fields: names in lower case.
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
            _ => problems.add(entry.value.wrong("is no header field of HTTP")),
        }
    }
    fields
}
