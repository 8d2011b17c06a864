//! An alert as Slack, Microsoft Teams or a program receives it.

use serde_json::{Value, json};

use crate::manifest::WebhookFormat;
use crate::record::{AlertChange, AlertState};
use crate::redact::redact;

/// The body of the request.
pub(super) fn payload(change: &AlertChange, format: WebhookFormat) -> Value {
    let message = redact(&change.message()).into_owned();
    let sign = match change.state {
        AlertState::Raised => "🔴",
        AlertState::Resolved => "🟢",
    };
    match format {
        // Slack reads these three characters as markup.
        WebhookFormat::Slack => {
            let text = message.replace('&', "&amp;");
            let text = text.replace('<', "&lt;").replace('>', "&gt;");
            json!({ "text": format!("{sign} {text}") })
        }
        WebhookFormat::Teams => json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [{ "type": "TextBlock", "text": format!("{sign} {message}"), "wrap": true }],
                },
            }],
        }),
        WebhookFormat::Json => {
            let mut value = json!(change);
            value["message"] = message.into();
            value["value"] = redact(&change.value).into();
            value["type"] = match change.state {
                AlertState::Raised => "alert:raised".into(),
                AlertState::Resolved => "alert:resolved".into(),
            };
            value
        }
    }
}

/// The format that a service expects, by its host.
pub(super) fn format_of(url: &url::Url) -> WebhookFormat {
    let host = url.host_str().unwrap_or_default();
    let is_of = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    if is_of("slack.com") {
        WebhookFormat::Slack
    } else if ["office.com", "azure.com", "powerplatform.com"]
        .iter()
        .any(|d| is_of(d))
    {
        WebhookFormat::Teams
    } else {
        WebhookFormat::Json
    }
}

#[cfg(test)]
mod tests {
    use super::{format_of, payload};
    use crate::manifest::WebhookFormat;
    use crate::record::{AlertChange, AlertState};

    fn change() -> AlertChange {
        AlertChange {
            project: "shop".to_owned(),
            name: "<!channel> & co".to_owned(),
            state: AlertState::Raised,
            at: 7,
            when: "failure-rate > 10 %".to_owned(),
            value: "20.0 %: 2 of 10 failed".to_owned(),
        }
    }

    #[test]
    fn names_are_no_markup_for_slack() {
        let text = payload(&change(), WebhookFormat::Slack)["text"].clone();
        let expected = "🔴 shop: alert `&lt;!channel&gt; &amp; co`: failure-rate &gt; 10 % (20.0 %: \
                        2 of 10 failed)";
        assert_eq!(text, expected);
    }

    #[test]
    fn programs_receive_the_fields() {
        let json = payload(&change(), WebhookFormat::Json);
        assert_eq!(json["type"], "alert:raised");
        assert_eq!((&json["at"], &json["state"]), (&7.into(), &"raised".into()));
        let card = payload(&change(), WebhookFormat::Teams);
        let text = card["attachments"][0]["content"]["body"][0]["text"].as_str();
        assert!(text.unwrap().contains("failure-rate > 10 %"));
    }

    #[test]
    fn the_host_decides_the_format() {
        let format = |url: &str| format_of(&url.parse().unwrap());
        assert_eq!(
            format("https://hooks.slack.com/services/T"),
            WebhookFormat::Slack
        );
        assert_eq!(
            format("https://a.webhook.office.com/b"),
            WebhookFormat::Teams
        );
        assert_eq!(format("https://notslack.com/"), WebhookFormat::Json);
    }
}
