//! The tools of the server.

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, ContentBlock, Implementation, ProtocolVersion, ServerCapabilities, ServerConfig,
};
use rmcp::service::{ElicitationError, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tintype::internals::config::Config;
use tintype::internals::model::{StoryIdentifier, VisualTestResult};
use tokio::task::spawn_blocking;

use super::command::{CommandRunner, Printed, bounded};
use super::pictures::{self, ShownPicture};
use crate::project::Project;
use crate::run_files;
use crate::run_ids::LATEST;

/// The most runs or failures in an answer.
const MAX_LISTED: usize = 50;

/// The most snapshots of a single acceptance.
const MAX_ACCEPTED: usize = 100;

const INSTRUCTIONS: &str = "Visual regression tests of web pages. Start with list_failures, then \
    explain_run for what changed and show_snapshot to look at images. Judge images yourself \
    before you propose to accept them: a difference may be a regression.";

/// What agents may do besides reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct AgentPermissions {
    pub(super) run: bool,
    pub(super) accept: bool,
}

#[derive(Clone)]
pub(super) struct TintypeServer {
    config: Config,
    commands: CommandRunner,
    tools: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
struct RunArguments {
    /// Id of the run, a unique prefix of it, or `latest`.
    #[serde(default = "latest")]
    run: String,
}

#[derive(Deserialize, JsonSchema)]
struct FailureArguments {
    /// Id of the run, a unique prefix of it, or `latest`.
    #[serde(default = "latest")]
    run: String,
    /// How many failures are skipped, for the next page.
    #[serde(default)]
    offset: usize,
}

#[derive(Deserialize, JsonSchema)]
struct SnapshotArguments {
    /// Id of the run, a unique prefix of it, or `latest`.
    #[serde(default = "latest")]
    run: String,
    /// Name of the snapshot: `button::dark::1280x720`.
    name: String,
    /// Only the largest differing region with its surroundings, at full size.
    #[serde(default)]
    crop: bool,
}

#[derive(Deserialize, JsonSchema)]
struct TestArguments {
    /// Only snapshots whose name contains one of these texts; all if empty.
    #[serde(default)]
    filters: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
struct AcceptArguments {
    /// Id of the run, a unique prefix of it, or `latest`.
    #[serde(default = "latest")]
    run: String,
    /// Names of the snapshots: `button::dark::1280x720`.
    names: Vec<String>,
}

fn latest() -> String {
    LATEST.to_owned()
}

/// The answer of the person.
#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    /// Replace the baselines with these images.
    accept: bool,
}

rmcp::elicit_safe!(Confirmation);

#[tool_router(router = all_tools)]
impl TintypeServer {
    pub(super) fn new(config: Config, commands: CommandRunner, allowed: AgentPermissions) -> Self {
        let mut tools = Self::all_tools();
        if !allowed.run {
            tools.remove_route("run_tests");
        }
        if !allowed.accept {
            tools.remove_route("accept");
        }
        Self {
            config,
            commands,
            tools,
        }
    }

    #[tool(
        description = "List the latest runs with their counts of passed, failed and new snapshots",
        annotations(read_only_hint = true)
    )]
    async fn list_runs(&self) -> Result<CallToolResult, ErrorData> {
        let limit = MAX_LISTED.to_string();
        answer(
            self.commands
                .json(&["runs", "--json", "--limit", &limit])
                .await,
        )
    }

    #[tool(
        description = "List the snapshots of a run that failed or are new, with their messages",
        annotations(read_only_hint = true)
    )]
    async fn list_failures(
        &self,
        Parameters(FailureArguments { run, offset }): Parameters<FailureArguments>,
    ) -> Result<CallToolResult, ErrorData> {
        let config = self.config.clone();
        let listed = spawn_blocking(move || failures(&config, &run, offset)).await;
        answer(listed.map_err(anyhow::Error::new).and_then(|listed| listed))
    }

    #[tool(
        description = "Say what changed in a run: causes such as a changed property, with the \
                       snapshots that each explains, and what stays unexplained",
        annotations(read_only_hint = true)
    )]
    async fn explain_run(
        &self,
        Parameters(RunArguments { run }): Parameters<RunArguments>,
    ) -> Result<CallToolResult, ErrorData> {
        let explained = self.commands.json(&["explain", "--json", "--", &run]).await;
        answer(explained.map(|document| Value::String(bounded(&document.to_string()))))
    }

    #[tool(
        description = "Show a snapshot of a run: its facts, and the baseline, current and \
                       difference images",
        annotations(read_only_hint = true)
    )]
    async fn show_snapshot(
        &self,
        Parameters(arguments): Parameters<SnapshotArguments>,
    ) -> Result<CallToolResult, ErrorData> {
        let config = self.config.clone();
        let shown = spawn_blocking(move || snapshot(&config, &arguments)).await;
        match shown.map_err(anyhow::Error::new).and_then(|shown| shown) {
            Ok(blocks) => Ok(CallToolResult::success(blocks)),
            Err(error) => answer(Err(error)),
        }
    }

    #[tool(
        description = "Run the visual tests, all or those that match, and return their output",
        annotations(destructive_hint = false)
    )]
    async fn run_tests(
        &self,
        Parameters(TestArguments { filters }): Parameters<TestArguments>,
    ) -> Result<CallToolResult, ErrorData> {
        let mut arguments = vec!["test"];
        arguments.extend(filters.iter().map(String::as_str));
        if let Some(option) = filters.iter().find(|filter| filter.starts_with('-')) {
            return answer(Err(anyhow!("`{option}` is not a filter")));
        }
        answer(self.commands.run(&arguments).await.map(|printed| {
            let Printed { success, out, err } = printed;
            json!({ "passed": success, "output": bounded(&format!("{out}\n{err}")) })
        }))
    }

    #[tool(
        description = "Ask the user to accept the current images of snapshots as their baselines",
        annotations(destructive_hint = true)
    )]
    async fn accept(
        &self,
        Parameters(AcceptArguments { run, names }): Parameters<AcceptArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        answer(self.accept_if_confirmed(&run, &names, &context).await)
    }
}

impl TintypeServer {
    async fn accept_if_confirmed(
        &self,
        run: &str,
        names: &[String],
        context: &RequestContext<RoleServer>,
    ) -> anyhow::Result<Value> {
        anyhow::ensure!(
            (1..=MAX_ACCEPTED).contains(&names.len()),
            "expected 1 to {MAX_ACCEPTED} names"
        );
        // `latest` may be another run when the person answers.
        let (config, named) = (self.config.clone(), run.to_owned());
        let run = spawn_blocking(move || run_id(&config, &named)).await??;
        for name in names {
            let exact = name.parse::<StoryIdentifier>();
            exact.with_context(|| format!("`{name}` is not the name of a snapshot"))?;
        }
        let question = format!("Accept as baselines, from {run}?\n{}", names.join("\n"));
        let confirmed = match context.peer.elicit::<Confirmation>(question).await {
            Ok(answer) => answer.is_some_and(|answer| answer.accept),
            Err(ElicitationError::UserDeclined | ElicitationError::UserCancelled) => false,
            Err(ElicitationError::CapabilityNotSupported) => anyhow::bail!(
                "this client cannot ask the user, so nothing was accepted (help: the user can run \
                 `cargo tintype accept --run {run} {}`)",
                names.join(" ")
            ),
            Err(error) => return Err(error.into()),
        };
        if !confirmed {
            return Ok(json!({ "accepted": false, "reason": "the user declined" }));
        }
        let mut arguments = vec!["accept", "--json", "--run", &run, "--"];
        arguments.extend(names.iter().map(String::as_str));
        self.commands.json(&arguments).await
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for TintypeServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            // Later protocols have no questions to the user within a call.
            .with_protocol_version(ProtocolVersion::V_2025_06_18)
            .with_server_info(Implementation::new("tintype", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}

/// An answer as text. An error is told to the agent, which can act on it.
fn answer(answer: anyhow::Result<Value>) -> Result<CallToolResult, ErrorData> {
    Ok(match answer {
        Ok(Value::String(text)) => CallToolResult::success(vec![ContentBlock::text(text)]),
        Ok(value) => CallToolResult::success(vec![ContentBlock::text(value.to_string())]),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(format!("{error:#}"))]),
    })
}

fn run_id(config: &Config, run: &str) -> anyhow::Result<String> {
    let project = Project::open(config)?;
    let opened = run_files::open(&project.manifest, Some(run))?;
    Ok(opened.file.run.run_id.to_string())
}

fn failures(config: &Config, run: &str, offset: usize) -> anyhow::Result<Value> {
    let project = Project::open(config)?;
    let file = run_files::open(&project.manifest, Some(run))?.file;
    let failures: Vec<_> = file.results.iter().filter(|it| it.fails_run()).collect();
    let shown = failures.iter().skip(offset).take(MAX_LISTED);
    let shown: Vec<_> = shown.map(|result| facts(result)).collect();
    Ok(json!({
        "run": file.run.run_id,
        "failures": failures.len(),
        "offset": offset,
        "snapshots": shown,
    }))
}

/// What an agent needs to know first.
fn facts(result: &VisualTestResult) -> Value {
    let causes = result.explanation.as_ref().map(|it| &it.causes);
    json!({
        "name": result.story_identifier.test_name(),
        "status": result.status,
        "message": result.message,
        "diffRatio": result.diff_ratio,
        "causes": causes.into_iter().flatten().take(5).collect::<Vec<_>>(),
    })
}

fn snapshot(
    config: &Config,
    SnapshotArguments { run, name, crop }: &SnapshotArguments,
) -> anyhow::Result<Vec<ContentBlock>> {
    let project = Project::open(config)?;
    let file = run_files::open(&project.manifest, Some(run))?.file;
    let mut results = file.results.iter();
    let result = results.find(|it| it.story_identifier.test_name() == *name);
    let result = result.with_context(|| format!("{} has no snapshot {name}", file.run.run_id))?;
    let document = serde_json::to_string(result)?;
    let mut blocks = vec![ContentBlock::text(bounded(&document))];
    for (title, picture) in [
        ("baseline", ShownPicture::Baseline),
        ("current", ShownPicture::Current),
        ("diff", ShownPicture::Diff),
    ] {
        match pictures::read(&project, result, picture, *crop) {
            Ok(png) => blocks.extend([
                ContentBlock::text(format!("{title}:")),
                ContentBlock::image(STANDARD.encode(png), "image/png"),
            ]),
            Err(error) => blocks.push(ContentBlock::text(format!("{title}: {error:#}"))),
        }
    }
    Ok(blocks)
}
