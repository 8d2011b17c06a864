//! `cargo tintype mcp` with the client of the protocol's own SDK.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt as _};
use serde_json::{Value, json};
use tintype::internals::model::Status;

use super::project::{Project, baseline_of, picture};

const FAILED: &str = "button::dark::375x667";
const OTHER: &str = "button::light::375x667";

/// A client whose user answers questions in this way.
#[derive(Clone)]
struct Client {
    accepts: Option<bool>,
    asked: Arc<AtomicUsize>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let capabilities = match self.accepts {
            Some(_) => ClientCapabilities::builder().enable_elicitation().build(),
            None => ClientCapabilities::default(),
        };
        ClientConfig::new(capabilities, Implementation::new("test", "1.0.0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let question = serde_json::to_string(&request).unwrap();
        assert!(question.contains(FAILED), "{question}");
        let accept = self.accepts.unwrap();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "accept": accept })))
    }
}

/// A project with two failures, and a client that is connected to its server.
struct Session {
    project: Project,
    client: RunningService<RoleClient, Client>,
    asked: Arc<AtomicUsize>,
}

impl Session {
    async fn open(options: &[&str], accepts: Option<bool>) -> Self {
        let project = Project::new();
        let results = [FAILED, OTHER].map(|name| {
            project.write(&baseline_of(name), &picture(1));
            let mut result = project.result("run-1", name, Status::Failed, 200);
            result.message = Some("all pixels differ".to_owned());
            result
        });
        project.run("run-1", 1, results.to_vec());
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command.args(["tintype", "mcp"]).args(options);
        let command = tokio::process::Command::from(command);
        let asked = Arc::new(AtomicUsize::new(0));
        let client = Client {
            accepts,
            asked: Arc::clone(&asked),
        };
        let transport = TokioChildProcess::new(command).unwrap();
        Self {
            project,
            client: client.serve(transport).await.unwrap(),
            asked,
        }
    }

    async fn call(&self, tool: &'static str, arguments: &Value) -> CallToolResult {
        let mut call = CallToolRequestParams::new(tool);
        call.arguments = arguments.as_object().cloned();
        self.client.call_tool(call).await.unwrap()
    }

    async fn tools(&self) -> Vec<String> {
        let tools = self.client.list_all_tools().await.unwrap();
        let mut names: Vec<_> = tools
            .into_iter()
            .map(|tool| tool.name.to_string())
            .collect();
        names.sort();
        names
    }

    fn baseline(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.project.root().join(baseline_of(name))).unwrap()
    }
}

/// The text of an answer.
fn text(answer: &CallToolResult) -> String {
    let texts = answer.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_images_can_be_read_and_nothing_else_by_default() {
    let session = Session::open(&[], Some(true)).await;
    let reading = ["explain_run", "list_failures", "list_runs", "show_snapshot"];
    assert_eq!(session.tools().await, reading);
    let listed = session.call("list_failures", &json!({})).await;
    let listed: Value = serde_json::from_str(&text(&listed)).unwrap();
    assert_eq!(listed["failures"], 2);
    assert_eq!(listed["snapshots"][0]["name"], FAILED);
    assert_eq!(listed["snapshots"][0]["message"], "all pixels differ");
    let shown = session
        .call("show_snapshot", &json!({ "name": FAILED }))
        .await;
    let images = shown
        .content
        .iter()
        .filter(|block| block.as_image().is_some());
    assert_eq!(images.count(), 2, "{shown:?}");
    let absent = session
        .call("show_snapshot", &json!({ "name": "absent" }))
        .await;
    assert_eq!(absent.is_error, Some(true));
    assert!(
        text(&absent).contains("has no snapshot absent"),
        "{absent:?}"
    );
    let explained = session
        .call("explain_run", &json!({ "run": "run-1" }))
        .await;
    assert!(
        text(&explained).contains("withoutExplanation"),
        "{explained:?}"
    );
    let runs = session.call("list_runs", &json!({})).await;
    assert_eq!(runs.is_error, Some(false), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_user_accepts() {
    let accept = json!({ "names": [FAILED] });
    for (answer, asked) in [(Some(false), 1), (None, 0)] {
        let session = Session::open(&["--allow-accept"], answer).await;
        let before = session.baseline(FAILED);
        session.call("accept", &accept).await;
        assert_eq!(session.asked.load(Ordering::SeqCst), asked);
        assert_eq!(session.baseline(FAILED), before);
    }
    let session = Session::open(&["--allow-accept"], Some(true)).await;
    let before = session.baseline(FAILED);
    let accepted = session.call("accept", &accept).await;
    assert_eq!(accepted.is_error, Some(false), "{accepted:?}");
    assert_ne!(session.baseline(FAILED), before);
    assert_eq!(session.baseline(OTHER), before);
    let part = session
        .call("accept", &json!({ "names": ["button"] }))
        .await;
    assert_eq!(part.is_error, Some(true), "{part:?}");
    assert_eq!(session.baseline(OTHER), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_never_an_option() {
    let session = Session::open(&["--allow-run"], None).await;
    assert!(session.tools().await.contains(&"run_tests".to_owned()));
    let refused = session
        .call("run_tests", &json!({ "filters": ["--update=all"] }))
        .await;
    assert_eq!(refused.is_error, Some(true));
    assert!(text(&refused).contains("is not a filter"), "{refused:?}");
}
