//! OpenTelemetry traces, as a collector receives them.

use libtest_mimic::Trial;

use super::http_sink::HttpSink;
use super::project::{MANIFEST, Project};
use super::trials;

#[cfg(feature = "otel")]
pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = exported_traces::tests();
    tests.extend(trials![nothing_is_exported_unless_a_collector_is_named]);
    tests
}

#[cfg(not(feature = "otel"))]
pub(crate) fn tests() -> Vec<Trial> {
    trials![
        nothing_is_exported_unless_a_collector_is_named,
        a_missing_feature_is_a_warning,
    ]
}

const PAGE: &str = "<!doctype html><style>body { margin: 0; background: lime }</style>";

fn nothing_is_exported_unless_a_collector_is_named() {
    let sink = HttpSink::start("200 OK");
    let project = Project::new(MANIFEST, &[("a.html", PAGE)]);
    let url = sink.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    let update = ("TINTYPE_UPDATE", "new");
    let off = ("OTEL_SDK_DISABLED", "true");
    for environment in [&[update][..], &[update, endpoint, off]] {
        let run = project.run(&[], environment);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("traces"), "{}", run.stderr);
    }
    assert!(sink.received().is_empty());
}

#[cfg(not(feature = "otel"))]
fn a_missing_feature_is_a_warning() {
    let project = Project::new(MANIFEST, &[("a.html", PAGE)]);
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let run = project.run(&[], &[endpoint, ("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let warning = "traces are not exported: tintype lacks the feature `otel`";
    assert_eq!(run.stderr.matches(warning).count(), 1, "{}", run.stderr);
}

#[cfg(feature = "otel")]
mod exported_traces {
    use std::collections::HashMap;
    use std::net::TcpListener;

    use libtest_mimic::Trial;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
    use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
    use prost::Message as _;
    use tintype::internals::model::VisualTestResult;

    use super::super::http_sink::HttpSink;
    use super::super::project::{MANIFEST, Project, Run};
    use super::super::support::server::Server;
    use super::super::trials;
    use super::PAGE;

    pub(super) fn tests() -> Vec<Trial> {
        trials![
            spans_have_the_times_and_facts_of_the_record,
            a_cached_snapshot_has_a_span_without_parts,
            no_span_has_a_secret,
            a_collector_that_is_away_fails_no_run,
            unsupported_settings_are_warnings,
            spans_of_a_shared_run_are_in_one_trace,
        ]
    }

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const NO_CACHE: (&str, &str) = ("TINTYPE_CACHE", "off");

    /// The spans of all requests.
    fn spans(sink: &HttpSink) -> Vec<Span> {
        let requests = requests(sink);
        let of_resource = requests
            .into_iter()
            .flat_map(|request| request.resource_spans);
        let of_scope = of_resource.flat_map(|resource| resource.scope_spans);
        of_scope.flat_map(|scope| scope.spans).collect()
    }

    fn requests(sink: &HttpSink) -> Vec<ExportTraceServiceRequest> {
        let received = sink.received();
        let decode = |body: &[u8]| ExportTraceServiceRequest::decode(body).unwrap();
        received
            .iter()
            .map(|request| decode(&request.body))
            .collect()
    }

    /// Attributes as text.
    fn attributes(attributes: &[KeyValue]) -> HashMap<String, String> {
        let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text.clone()),
            Value::IntValue(number) => Some(number.to_string()),
            Value::DoubleValue(number) => Some(number.to_string()),
            Value::BoolValue(flag) => Some(flag.to_string()),
            _ => None,
        };
        let pairs = attributes.iter();
        pairs
            .filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?)))
            .collect()
    }

    fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
        let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        assert_eq!(found.len(), 1, "{name}: {spans:#?}");
        found[0]
    }

    fn export(project: &Project, sink: &HttpSink, more: &[(&str, &str)]) -> Run {
        let url = sink.url();
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
        project.run(&[], &[&[endpoint], more].concat())
    }

    /// A project with two accepted stories, of which `b` now differs.
    fn changed_project() -> Project {
        let manifest = format!("{MANIFEST}[project]\nname = \"shop\"\n");
        let project = Project::new(&manifest, &[("a.html", PAGE), ("b.html", PAGE)]);
        project.accept_all();
        project.write("stories/b.html", &PAGE.replace("lime", "red"));
        project
    }

    fn spans_have_the_times_and_facts_of_the_record() {
        let (project, sink) = (changed_project(), HttpSink::start("200 OK"));
        let variables = [
            NO_CACHE,
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=pictures"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci"),
            ("TINTYPE_RUN_ID", "run-traced"),
            ("TRACEPARENT", PARENT),
        ];
        let run = export(&project, &sink, &variables);
        assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("OpenTelemetry"), "{}", run.stderr);

        let first = &sink.received()[0].head;
        assert!(first.starts_with("POST /v1/traces HTTP/1.1"), "{first}");
        assert!(first.to_lowercase().contains("x-team: pictures"), "{first}");
        assert!(first.contains("application/x-protobuf"), "{first}");
        let resource = requests(&sink)[0].resource_spans[0].resource.clone();
        let resource = attributes(&resource.unwrap().attributes);
        assert_eq!(resource["service.name"], "tintype");
        assert_eq!(resource["deployment.environment.name"], "ci");

        let spans = spans(&sink);
        let trace = u128::from_str_radix(&PARENT[3..35], 16).unwrap();
        assert!(
            spans
                .iter()
                .all(|span| span.trace_id == trace.to_be_bytes())
        );
        let root = named(&spans, "run");
        let parent = u64::from_str_radix(&PARENT[36..52], 16).unwrap();
        assert_eq!(root.parent_span_id, parent.to_be_bytes());
        let of_run = attributes(&root.attributes);
        assert_eq!(of_run["tintype.run.id"], "run-traced");
        assert_eq!(of_run["tintype.project"], "shop");
        assert_eq!(of_run["tintype.reason"], "failed");
        assert_eq!(of_run["tintype.failed"], "1");
        assert_eq!(root.status.as_ref().unwrap().code(), StatusCode::Error);
        for (name, status) in [("a", "passed"), ("b", "failed")] {
            let name = format!("{name}::light::400x300");
            let span = named(&spans, &name);
            assert_eq!(span.parent_span_id, root.span_id);
            let facts = attributes(&span.attributes);
            let result = project.result(&name);
            assert_eq!(facts["tintype.status"], status);
            assert_eq!(facts["tintype.run.id"], "run-traced");
            assert_eq!(facts["tintype.theme"], "light");
            assert_eq!(facts["tintype.viewport"], "400x300");
            assert_eq!(facts["tintype.engine"], "chromium");
            assert_eq!(facts["tintype.attempt"], "1");
            assert_eq!(facts["tintype.cached"], "false");
            let ratio = result.diff_ratio.unwrap().to_string();
            assert_eq!(facts["tintype.diff_ratio"], ratio);
            assert_eq!(facts["tintype.worker"], result.worker.clone().unwrap());
            check_times(root, span, &spans, &result);
        }
        let failed = named(&spans, "b::light::400x300").status.clone().unwrap();
        assert_eq!(failed.code(), StatusCode::Error);
        assert!(failed.message.contains("pixels differ"), "{failed:?}");
    }

    /// Parts lie within their snapshot, snapshots within the run, and the parts take
    /// the times of the record.
    fn check_times(root: &Span, span: &Span, all: &[Span], result: &VisualTestResult) {
        let lies_in = |inner: &Span, outer: &Span| {
            inner.start_time_unix_nano <= inner.end_time_unix_nano
                && inner.start_time_unix_nano >= outer.start_time_unix_nano
                && inner.end_time_unix_nano <= outer.end_time_unix_nano
        };
        assert!(lies_in(span, root), "{span:?} {root:?}");
        let parts = all
            .iter()
            .filter(|part| part.parent_span_id == span.span_id);
        let parts: Vec<_> = parts.collect();
        for part in &parts {
            assert!(lies_in(part, span), "{part:?} {span:?}");
        }
        for (name, recorded) in [
            ("navigate", result.navigate_ms),
            ("settle", result.settle_ms),
            ("capture", result.capture_ms),
            ("compare", result.compare_ms),
        ] {
            let of_name = parts.iter().filter(|part| part.name == name);
            let times = of_name.map(|part| part.end_time_unix_nano - part.start_time_unix_nano);
            let spent = times.sum::<u64>() / 1_000_000;
            // The record rounds the two parts of the comparison down.
            let off = spent.abs_diff(recorded.unwrap());
            assert!(off <= 1, "{name}: {spent} ms, recorded {recorded:?}");
        }
    }

    fn a_cached_snapshot_has_a_span_without_parts() {
        let (project, sink) = (changed_project(), HttpSink::start("200 OK"));
        project.run(&[], &[]);
        export(&project, &sink, &[]);
        assert!(project.result("a::light::400x300").cached);
        let spans = spans(&sink);
        let cached = named(&spans, "a::light::400x300");
        assert_eq!(attributes(&cached.attributes)["tintype.cached"], "true");
        let has_parent = |part: &&Span| part.parent_span_id == cached.span_id;
        assert_eq!(spans.iter().filter(has_parent).count(), 0);
    }

    fn no_span_has_a_secret() {
        let secret = "otel-secret-7301";
        let story = format!(
            "[[story]]\nid = \"a\"\npath = \"a.html\"\nsteps = [{{ click = \"#{secret}\" }}]\n\
             [capture]\ntimeout = \"1s\"\n"
        );
        let project = Project::new(&format!("{MANIFEST}{story}"), &[("a.html", PAGE)]);
        let sink = HttpSink::start("200 OK");
        let headers = format!("authorization=Bearer%20{secret}");
        let run = export(&project, &sink, &[("OTEL_EXPORTER_OTLP_HEADERS", &headers)]);
        assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret));
        let received = sink.received();
        assert!(received[0].head.contains(&format!("Bearer {secret}")));
        for request in &received {
            assert!(!String::from_utf8_lossy(&request.body).contains(secret));
        }
        let spans = spans(&sink);
        let failed = named(&spans, "a::light::400x300").status.clone().unwrap();
        assert!(failed.message.contains("***"), "{failed:?}");
    }

    fn a_collector_that_is_away_fails_no_run() {
        let project = changed_project();
        project.write("stories/b.html", PAGE);
        // It accepts connections and never answers.
        let hung = TcpListener::bind("127.0.0.1:0").unwrap();
        let hung = format!("http://{}", hung.local_addr().unwrap());
        let refusing = HttpSink::start("401 Unauthorized");
        let refusing = refusing.url();
        let away = "http://127.0.0.1:1".to_owned();
        for (endpoint, reason) in [
            (away, "Connection refused"),
            (refusing, "it answered 401 Unauthorized"),
            (hung, "it did not answer in time"),
        ] {
            let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str());
            let run = project.run(&[], &[endpoint]);
            assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
            let note = "spans were not sent to the OpenTelemetry collector: ";
            assert_eq!(run.stderr.matches(note).count(), 1, "{}", run.stderr);
            assert!(run.stderr.contains(reason), "{}", run.stderr);
        }
    }

    fn unsupported_settings_are_warnings() {
        let project = changed_project();
        project.write("stories/b.html", PAGE);
        let sink = HttpSink::start("200 OK");
        let run = export(&project, &sink, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let expected = "traces are not exported: OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        // A parent that is not sampled has no recorded children.
        let unsampled = PARENT.replace("-01", "-00");
        export(&project, &sink, &[("TRACEPARENT", &unsampled)]);
        assert!(sink.received().is_empty());
        let run = export(&project, &sink, &[("TRACEPARENT", "00-1-2-3")]);
        assert!(
            run.stderr.contains("TRACEPARENT is invalid"),
            "{}",
            run.stderr
        );
        assert!(!sink.received().is_empty());
        let named = [("OTEL_EXPORTER_OTLP_ENDPOINT", "not an address")];
        let run = project.run(&[], &named);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let expected = "traces are not exported: invalid exporter configuration";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }

    fn spans_of_a_shared_run_are_in_one_trace() {
        let (server, sink) = (Server::start(&[]), HttpSink::start("200 OK"));
        let pages: Vec<_> = (0..6).map(|n| (format!("s{n}.html"), PAGE)).collect();
        let pages: Vec<_> = pages
            .iter()
            .map(|(path, text)| (path.as_str(), *text))
            .collect();
        let project = Project::new(MANIFEST, &pages);
        project.accept_all();
        let machine = || {
            let mut command = project.suite(&[]);
            command
                .env("REDIS_URL", server.url())
                .env("TINTYPE_SHARE", "on")
                .env("TINTYPE_RUN_ID", "run-1")
                .env("TINTYPE_SESSIONS", "1")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url());
            command.spawn().unwrap()
        };
        let machines = [machine(), machine()];
        for machine in machines {
            let run = Run::from(machine.wait_with_output().unwrap());
            assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        }
        let spans = spans(&sink);
        let runs: Vec<_> = spans.iter().filter(|span| span.name == "run").collect();
        assert_eq!(runs.len(), 2, "{spans:#?}");
        // As `printf %s run-1 | sha256sum | cut -c1-32`.
        let trace = 0x4e65_d3fb_e8ad_6535_681b_021b_3078_5b12_u128;
        assert!(
            spans
                .iter()
                .all(|span| span.trace_id == trace.to_be_bytes())
        );
        for n in 0..6 {
            let snapshot = named(&spans, &format!("s{n}::light::400x300"));
            let is_parent = |run: &&&Span| run.span_id == snapshot.parent_span_id;
            assert_eq!(runs.iter().filter(is_parent).count(), 1);
        }
    }
}
