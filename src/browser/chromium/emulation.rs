//! Emulates a device: media features, user agent, locale, time zone, touch.
//!
//! Only changes are sent. Settings that a story does not have are reset.

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::browser::error::BrowserError;
use crate::manifest::{Device, Screen, Theme};

impl ChromiumPage {
    /// Applies the settings that differ from those of the tab.
    pub(super) async fn emulate_device(
        &mut self,
        theme: &Theme,
        screen: Screen,
    ) -> Result<(), BrowserError> {
        let media = media(theme, &self.state.device);
        if self.emulated.media.as_ref() != Some(&media) {
            self.cdp("Emulation.setEmulatedMedia", media.clone())
                .await?;
            self.emulated.media = Some(media);
        }
        if self.emulated.touch != screen.touch {
            let touch = json!({ "enabled": screen.touch, "maxTouchPoints": 5 });
            self.cdp("Emulation.setTouchEmulationEnabled", touch)
                .await?;
            self.emulated.touch = screen.touch;
        }
        let time_zone = self.state.device.time_zone.clone().unwrap_or_default();
        if self.emulated.time_zone != time_zone {
            let zone = json!({ "timezoneId": time_zone });
            self.set(
                "timezone",
                &time_zone,
                "Emulation.setTimezoneOverride",
                zone,
            )
            .await?;
            self.emulated.time_zone = time_zone;
        }
        let locale = self.state.device.locale.clone().unwrap_or_default();
        if self.emulated.locale != locale {
            let chosen = json!({ "locale": locale });
            self.set("locale", &locale, "Emulation.setLocaleOverride", chosen)
                .await?;
            self.emulated.locale = locale;
        }
        self.set_user_agent().await
    }

    /// Sets the user agent, and the languages of requests and the page.
    async fn set_user_agent(&mut self) -> Result<(), BrowserError> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (agent, locale) = (
            text(&self.state.device.user_agent),
            text(&self.state.device.locale),
        );
        if self.emulated.user_agent == (agent.clone(), locale.clone()) {
            return Ok(());
        }
        let parameters = json!({ "userAgent": agent, "acceptLanguage": locale });
        self.cdp("Emulation.setUserAgentOverride", parameters)
            .await?;
        self.emulated.user_agent = (agent, locale);
        Ok(())
    }

    /// Applies a setting; the error names its manifest key.
    async fn set(
        &self,
        word: &str,
        value: &str,
        method: &str,
        parameters: Value,
    ) -> Result<(), BrowserError> {
        match self.cdp(method, parameters).await {
            Err(BrowserError::Refused { reason, .. }) => Err(BrowserError::Refused {
                command: format!("`{word} = \"{value}\"`"),
                reason,
            }),
            outcome => outcome.map(drop),
        }
    }
}

/// Medium and media features; an empty value resets them.
fn media(theme: &Theme, device: &Device) -> Value {
    let flag = |flag: Option<bool>, words: [&'static str; 2]| {
        flag.map_or("", |is_set| words[usize::from(is_set)])
    };
    let scheme = theme.color_scheme.map_or("", |scheme| scheme.as_str());
    let motion = flag(device.reduced_motion, ["no-preference", "reduce"]);
    let colours = flag(device.forced_colors, ["none", "active"]);
    let contrast = device.contrast.map_or("", |contrast| contrast.as_str());
    json!({
        "media": device.medium.map_or("", |medium| medium.as_str()),
        "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
            { "name": "forced-colors", "value": colours },
            { "name": "prefers-contrast", "value": contrast },
        ],
    })
}
