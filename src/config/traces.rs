//! The standard variables of OpenTelemetry.

use super::variables::Variables;

/// The only protocol that is supported.
const PROTOCOL: &str = "http/protobuf";
/// The address of a collector: for traces, and for everything.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
/// Headers of its requests, which have its password.
const HEADERS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_HEADERS",
];
/// The protocol, for traces and for everything.
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];

/// Whether and how traces are exported. Address, headers, time limit and resource
/// are read by the exporter itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceConfig {
    /// Whether a collector is named and nothing turns the export off.
    pub is_on: bool,
    /// Whether a variable names the service.
    pub names_service: bool,
    /// The span that the run is a part of: `TRACEPARENT`.
    pub parent: Option<TraceParent>,
    /// What is wrong with the variables, a sentence each.
    pub problems: Vec<String>,
}

/// A span of another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Its trace.
    pub trace: u128,
    /// The span itself.
    pub span: u64,
    /// Whether its trace is recorded.
    pub is_sampled: bool,
}

impl TraceConfig {
    pub(super) fn read(variables: &Variables) -> Self {
        let text = |name| variables.text(name).map(str::trim);
        let first = |names: [&'static str; 2]| {
            let mut found = names.into_iter().map(|name| (name, text(name)));
            found.find_map(|(name, value)| Some((name, value?)))
        };
        let is_disabled = text("OTEL_SDK_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let exporter = text("OTEL_TRACES_EXPORTER").unwrap_or("otlp");
        let is_chosen = exporter.split(',').any(|name| name.trim() == "otlp");
        if first(ENDPOINTS).is_none() || is_disabled || !is_chosen {
            return Self::default();
        }
        let mut config = Self {
            is_on: true,
            names_service: text("OTEL_SERVICE_NAME").is_some()
                || text("OTEL_RESOURCE_ATTRIBUTES").is_some_and(has_service),
            ..Self::default()
        };
        if let Some((name, protocol)) = first(PROTOCOLS).filter(|(_, value)| *value != PROTOCOL) {
            config.is_on = false;
            config.problems.push(format!(
                "traces are not exported: {name} is `{protocol}`, but only `{PROTOCOL}` is supported"
            ));
        }
        if let Some(parent) = text("TRACEPARENT") {
            config.parent = TraceParent::parse(parent);
            if config.parent.is_none() {
                config.problems.push(
                    "TRACEPARENT is invalid: expected `00-{trace}-{span}-{flags}` in lowercase \
                     hexadecimal; the trace of this run has no parent"
                        .to_owned(),
                );
            }
        }
        config
    }

    /// The values of headers for the collector, which are secret.
    pub(super) fn secrets(variables: &Variables) -> Vec<String> {
        let headers = HEADERS.iter().filter_map(|name| variables.text(name));
        let pairs = headers.flat_map(|headers| headers.split(','));
        let values = pairs.filter_map(|pair| Some(pair.split_once('=')?.1.trim().to_owned()));
        values
            .flat_map(|value| {
                let decoded = percent_encoding::percent_decode_str(&value).decode_utf8_lossy();
                [decoded.into_owned(), value]
            })
            .collect()
    }
}

/// Whether attributes of the resource name the service.
fn has_service(attributes: &str) -> bool {
    let mut names = attributes
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    names.any(|(name, _)| name.trim() == "service.name")
}

impl TraceParent {
    /// Reads a `traceparent` of W3C Trace Context. Versions after 00 may have more
    /// fields.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split('-').collect();
        let [version, trace, span, flags, more @ ..] = fields.as_slice() else {
            return None;
        };
        let is_hex = |text: &&str, length| {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            text.len() == length && text.bytes().all(is_digit)
        };
        let is_valid = is_hex(version, 2)
            && is_hex(trace, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2)
            && *version != "ff"
            && (*version != "00" || more.is_empty());
        let parent = Self {
            trace: u128::from_str_radix(trace, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
            is_sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (is_valid && parent.trace != 0 && parent.span != 0).then_some(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::{TraceConfig, TraceParent};
    use crate::config::Variables;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(variables: &[(&str, &str)]) -> TraceConfig {
        let pairs = variables.iter().map(|&(name, value)| (name, value));
        TraceConfig::read(&pairs.collect::<Variables>())
    }

    #[test]
    fn traces_are_exported_if_a_collector_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert!(!read(&[]).is_on);
        assert!(!read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).is_on);
        assert!(read(&[endpoint]).is_on);
        assert!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a/v1/traces")]).is_on);
        assert!(!read(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]).is_on);
        assert!(!read(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]).is_on);
        let refused = read(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert!(
            !refused.is_on && refused.problems[0].contains("`grpc`"),
            "{refused:?}"
        );
    }

    #[test]
    fn a_service_is_named_by_either_variable() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert!(!read(&[endpoint]).names_service);
        assert!(read(&[endpoint, ("OTEL_SERVICE_NAME", "shop")]).names_service);
        let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "team=a, service.name=shop");
        assert!(read(&[endpoint, attributes]).names_service);
    }

    #[test]
    fn a_parent_is_read_or_refused() {
        let parent = TraceParent::parse(PARENT).unwrap();
        assert_eq!(parent.trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(
            (parent.span, parent.is_sampled),
            (0xb7ad_6b71_6920_3331, true)
        );
        let later = PARENT.replacen("00-", "cc-", 1) + "-more";
        assert!(TraceParent::parse(&later).is_some());
        for wrong in [
            "",
            "00",
            &(PARENT.to_owned() + "-more"),
            &PARENT.replacen("00-", "ff-", 1),
            &PARENT.to_uppercase(),
            &PARENT.replace("b7ad6b7169203331", "0000000000000000"),
            &PARENT.replace("b7ad", "+7ad"),
            &PARENT.replace("0af7651916cd", "é"),
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_of_headers_are_secrets() {
        let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Fb, x = second=1")];
        let secrets = TraceConfig::secrets(&variables.into_iter().collect());
        assert_eq!(secrets, ["a/b", "a%2Fb", "second=1", "second=1"]);
    }
}
