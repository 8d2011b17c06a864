//! Emulates a device, and sends credentials to the server of the stories.

use std::sync::Arc;

use serde_json::{Value, json};

use super::page::FirefoxPage;
use crate::browser::error::BrowserError;
use crate::browser::page::Cookie;
use crate::manifest::Device;

impl FirefoxPage {
    /// Makes the open tab send headers and cookies.
    pub(super) async fn send_credentials(&mut self) -> Result<(), BrowserError> {
        if self.tab.has_credentials {
            return Ok(());
        }
        let credentials = Arc::clone(&self.state.access.credentials);
        if !credentials.headers.is_empty() {
            let headers: Vec<Value> = credentials
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = json!({ "type": "string", "value": value.reveal() });
                    json!({ "name": name, "value": value })
                })
                .collect();
            let headers = json!({ "headers": headers, "contexts": [self.tab.id] });
            self.command_with_secret("network.setExtraHeaders", headers)
                .await?;
        }
        let address = format!("{}/", self.state.access.base);
        for (name, value) in &credentials.cookies {
            let cookie = Cookie {
                name: name.clone(),
                value: value.reveal().to_owned(),
                ..Cookie::default()
            };
            self.set_cookie(&cookie, &address).await?;
        }
        self.tab.has_credentials = true;
        Ok(())
    }

    /// Sends a command that contains secrets, and keeps them out of its error.
    pub(super) async fn command_with_secret(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<(), BrowserError> {
        match self.bidi(method, parameters).await {
            Err(BrowserError::Refused { command, .. }) => Err(BrowserError::Refused {
                command,
                reason: "a header or a cookie is invalid".to_owned(),
            }),
            outcome => outcome.map(drop),
        }
    }

    /// Applies the settings that differ from those of the tab.
    pub(super) async fn emulate_device(&mut self) -> Result<(), BrowserError> {
        if self.emulated_device == self.state.device {
            return Ok(());
        }
        let Device {
            user_agent,
            locale,
            time_zone,
            ..
        } = self.state.device.clone();
        let (agent, language, zone) = (
            json!({ "userAgent": user_agent, "contexts": [self.tab.id] }),
            json!({ "locale": locale, "contexts": [self.tab.id] }),
            json!({ "timezone": time_zone, "contexts": [self.tab.id] }),
        );
        if self.emulated_device.user_agent != user_agent {
            self.set("emulation.setUserAgentOverride", "user-agent", agent)
                .await?;
        }
        if self.emulated_device.locale != locale {
            self.set("emulation.setLocaleOverride", "locale", language)
                .await?;
        }
        if self.emulated_device.time_zone != time_zone {
            self.set("emulation.setTimezoneOverride", "time-zone", zone)
                .await?;
        }
        self.set_media().await?;
        self.emulated_device = self.state.device.clone();
        Ok(())
    }

    /// Sets the medium and the media features, where the browser's own window is
    /// accessible.
    async fn set_media(&self) -> Result<(), BrowserError> {
        let Some(window) = &self.window else {
            return Ok(());
        };
        let medium = self
            .state
            .device
            .medium
            .map_or("", |medium| medium.as_str());
        let motion = match self.state.device.reduced_motion {
            Some(true) => "reduce",
            Some(false) => "no-preference",
            None => "none",
        };
        let colours = match self.state.device.forced_colors {
            Some(true) => "active",
            Some(false) | None => "none",
        };
        let overrides = json!({
            "mediumOverride": medium,
            "prefersReducedMotionOverride": motion,
            "forcedColorsOverride": colours,
        });
        let change = include_str!("../scripts/firefox_media.js").trim_end();
        self.evaluate_in(window, &format!("{change}({overrides})"))
            .await
            .map(drop)
    }

    /// Applies a setting; the error names its manifest key.
    async fn set(&self, method: &str, word: &str, parameters: Value) -> Result<(), BrowserError> {
        match self.bidi(method, parameters).await {
            Err(BrowserError::Refused { reason, .. }) => Err(BrowserError::Refused {
                command: format!("`{word}` of the device"),
                reason,
            }),
            outcome => outcome.map(drop),
        }
    }
}
