//! A server that keeps comments and statuses as the APIs of GitHub, GitLab and
//! Gitea document it, and records requests. The services themselves cannot be
//! started by a test.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) const TOKEN: &str = "ghs_hunter2hunter2hunter2";
/// The last commit of the pull request.
pub(crate) const HEAD: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// The number of the pull request.
pub(crate) const NUMBER: u64 = 7;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Api {
    Github,
    Gitlab,
    Gitea,
}

pub(crate) struct CodeHost {
    pub(crate) address: String,
    pub(crate) api: Api,
    contents: Arc<Mutex<Contents>>,
    _runtime: Runtime,
}

pub(crate) struct Contents {
    api: Api,
    address: String,
    /// The user of the token; `None` if it may not read it.
    pub(crate) user: Option<&'static str>,
    pub(crate) comments: Vec<Value>,
    last_id: u64,
    /// Commit and document of each status.
    pub(crate) statuses: Vec<(String, Value)>,
    /// Method and path of each request.
    pub(crate) requests: Vec<String>,
    pub(crate) failures: Vec<Failure>,
}

/// A request that fails once.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    pub(crate) method: &'static str,
    /// A part of the path.
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
    /// Whether the request is carried out in spite of the error.
    pub(crate) is_done: bool,
}

type Answer = (u16, Value, Option<String>);

impl CodeHost {
    pub(crate) fn start(api: Api) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(listener).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let contents = Arc::new(Mutex::new(Contents {
            api,
            address: address.clone(),
            user: Some("ada"),
            comments: Vec::new(),
            last_id: 1000,
            statuses: Vec::new(),
            requests: Vec::new(),
            failures: Vec::new(),
        }));
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&contents));
        runtime.spawn(async { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            api,
            contents,
            _runtime: runtime,
        }
    }

    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    /// The bodies of all comments.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let contents = self.contents();
        let bodies = contents.comments.iter();
        bodies
            .map(|comment| comment["body"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The variables that the service sets in a job for a pull request, and the
    /// token.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let number = NUMBER.to_string();
        match self.api {
            Api::Gitlab => vec![
                ("GITLAB_CI", "true".to_owned()),
                ("CI_API_V4_URL", self.address.clone()),
                ("CI_PROJECT_ID", "42".to_owned()),
                ("CI_MERGE_REQUEST_IID", number),
                ("CI_COMMIT_SHA", HEAD.to_owned()),
                ("CI_PIPELINE_ID", "99".to_owned()),
                ("CI_JOB_TOKEN", "unused".to_owned()),
                ("GITLAB_TOKEN", TOKEN.to_owned()),
            ],
            api => {
                let gitea = (api == Api::Gitea).then(|| ("GITEA_ACTIONS", "true".to_owned()));
                let common = [
                    ("GITHUB_ACTIONS", "true".to_owned()),
                    ("GITHUB_API_URL", self.address.clone()),
                    ("GITHUB_REPOSITORY", "ada/engine".to_owned()),
                    ("GITHUB_REF", format!("refs/pull/{number}/merge")),
                    ("GITHUB_TOKEN", TOKEN.to_owned()),
                ];
                common.into_iter().chain(gitea).collect()
            }
        }
    }

    /// Adds a comment of a user, as a browser would.
    pub(crate) fn add_comment(&self, user: &str, body: &str) {
        self.contents().create(user, body);
    }
}

async fn answer(
    State(contents): State<Arc<Mutex<Contents>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut contents = contents.lock().unwrap();
    contents.requests.push(format!("{method} {uri}"));
    let is_failure =
        |failure: &Failure| method == failure.method && uri.path().contains(failure.path);
    let place = contents.failures.iter().position(is_failure);
    let failure = place.map(|place| contents.failures.remove(place));
    let authorization = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let answer = if authorization != Some(&format!("Bearer {TOKEN}")) {
        (401, json!({ "message": "Bad credentials" }), None)
    } else if failure.is_some_and(|failure| !failure.is_done) {
        (500, Value::Null, None)
    } else {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        contents.handle(method.as_str(), &uri, &body)
    };
    let (mut status, body, link) = answer;
    let mut retry_after = None;
    if let Some(failure) = failure {
        (status, retry_after) = (failure.status, failure.retry_after);
    }
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    if let Some(link) = link {
        headers.insert("link", link.parse().unwrap());
    }
    if let Some(seconds) = retry_after {
        headers.insert("retry-after", seconds.parse().unwrap());
    }
    response
}

fn not_found() -> Answer {
    (404, json!({ "message": "Not Found" }), None)
}

fn invalid(said: &str) -> Answer {
    (422, json!({ "message": said }), None)
}

impl Contents {
    fn handle(&mut self, method: &str, uri: &Uri, body: &Value) -> Answer {
        let base = match self.api {
            Api::Gitlab => "/projects/42",
            _ => "/repos/ada/engine",
        };
        if uri.path() == "/user" {
            return match self.user {
                Some(user) => (200, self.user_document(user), None),
                None => (
                    403,
                    json!({ "message": "not accessible by integration" }),
                    None,
                ),
            };
        }
        let path = uri.path().strip_prefix(base).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let number = NUMBER.to_string();
        match (self.api, method, &parts[..]) {
            (Api::Gitlab, "GET", ["merge_requests", n]) if *n == number => {
                (200, json!({ "iid": NUMBER, "sha": HEAD }), None)
            }
            (Api::Github | Api::Gitea, "GET", ["pulls", n]) if *n == number => (
                200,
                json!({ "number": NUMBER, "head": { "sha": HEAD } }),
                None,
            ),
            (Api::Gitlab, "GET", ["merge_requests", n, "notes"])
            | (Api::Github | Api::Gitea, "GET", ["issues", n, "comments"])
                if *n == number =>
            {
                self.list(uri)
            }
            (Api::Gitlab, "POST", ["merge_requests", n, "notes"])
            | (Api::Github | Api::Gitea, "POST", ["issues", n, "comments"])
                if *n == number =>
            {
                let text = body["body"].as_str().unwrap_or_default();
                match self.check(text) {
                    Some(refused) => refused,
                    None => (201, self.create(self.user.unwrap_or("bot"), text), None),
                }
            }
            (Api::Gitlab, "PUT", ["merge_requests", n, "notes", id]) if *n == number => {
                self.edit(id, body)
            }
            (Api::Github | Api::Gitea, "PATCH", ["issues", "comments", id]) => self.edit(id, body),
            (_, "POST", ["statuses", commit]) => self.set_status(commit, body),
            _ => not_found(),
        }
    }

    fn user_document(&self, user: &str) -> Value {
        match self.api {
            Api::Gitlab => json!({ "username": user }),
            // Those of GitHub Actions and of other apps are bots.
            _ if user == "bot" => json!({ "login": "github-actions[bot]", "type": "Bot" }),
            _ => json!({ "login": user, "type": "User" }),
        }
    }

    /// A page of comments. Gitea has only one.
    fn list(&self, uri: &Uri) -> Answer {
        let query = uri.query().unwrap_or_default();
        let parameter = |name: &str, default: usize| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.find(|(key, _)| *key == name);
            value.map_or(default, |(_, value)| value.parse().unwrap())
        };
        let size = match self.api {
            Api::Gitea => usize::MAX,
            _ => parameter("per_page", 30).min(100),
        };
        let page = parameter("page", 1);
        let shown: Vec<_> = self
            .comments
            .chunks(size)
            .nth(page - 1)
            .unwrap_or_default()
            .to_vec();
        let next = (self.comments.chunks(size).count() > page).then(|| {
            // A public name that the job cannot reach.
            let path = uri.path();
            format!(
                "<https://code.invalid{path}?per_page={size}&page={}>; rel=\"next\"",
                page + 1
            )
        });
        (200, json!(shown), next)
    }

    fn check(&self, text: &str) -> Option<Answer> {
        let limit = match self.api {
            Api::Gitlab => 1_000_000,
            _ => 65_536,
        };
        if text.is_empty() {
            return Some(invalid("body is missing"));
        }
        (text.chars().count() > limit).then(|| invalid("body is too long"))
    }

    fn create(&mut self, user: &str, body: &str) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let author = match self.api {
            Api::Gitlab => "author",
            _ => "user",
        };
        let mut comment = json!({ "id": id, "body": body, author: self.user_document(user) });
        if self.api != Api::Gitlab {
            comment["html_url"] = json!(format!("{}/ada/engine/pull/7#{id}", self.address));
        }
        self.comments.push(comment.clone());
        comment
    }

    fn edit(&mut self, id: &str, body: &Value) -> Answer {
        let text = body["body"].as_str().unwrap_or_default();
        if let Some(refused) = self.check(text) {
            return refused;
        }
        let mut comments = self.comments.iter_mut();
        match comments.find(|comment| comment["id"].as_u64() == id.parse().ok()) {
            Some(comment) => {
                comment["body"] = json!(text);
                (200, comment.clone(), None)
            }
            None => not_found(),
        }
    }

    fn set_status(&mut self, commit: &str, body: &Value) -> Answer {
        let (states, name): (&[&str], _) = match self.api {
            Api::Gitlab => (
                &["pending", "running", "success", "failed", "canceled"],
                "name",
            ),
            Api::Github => (&["error", "failure", "pending", "success"], "context"),
            Api::Gitea => (
                &["error", "failure", "pending", "success", "warning"],
                "context",
            ),
        };
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        if commit != HEAD || !states.contains(&text("state")) || text(name).is_empty() {
            return invalid("the status is invalid");
        }
        if self.api == Api::Github && text("description").chars().count() > 140 {
            return invalid("description is too long");
        }
        let is_same =
            |(_, old): &(String, Value)| old[name] == body[name] && old["state"] == body["state"];
        if self.api == Api::Gitlab && self.statuses.iter().any(is_same) {
            let said = "Cannot transition status via :drop from :failed";
            return (400, json!({ "message": said }), None);
        }
        self.statuses.push((commit.to_owned(), body.clone()));
        (201, body.clone(), None)
    }
}
