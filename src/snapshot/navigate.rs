//! Getting to a story: its page loaded, by somebody who is logged in where it
//! asks for that, and its steps done.

use std::sync::Arc;
use std::time::Instant;

use super::capture::{SessionPage, Times, address};
use crate::browser::{BrowserError, StorageState, Thoroughness};
use crate::login::{LoggedIn, run_command};
use crate::manifest::{CaptureSettings, Login, LoginExpiry, LoginMethod, Source, Target};
use crate::plan::Snapshot;
use crate::run::network;

/// In which page of which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageReuse {
    /// The page that there is; the browser may use what it has cached.
    Reuse,
    /// A page that has never shown anything, of a browser that remembers
    /// nothing.
    Fresh,
}

impl SessionPage {
    /// Gets to a story. Returns the moment from which what follows has the
    /// story's time.
    pub(crate) async fn visit(
        &mut self,
        snapshot: &Snapshot,
        visit: PageReuse,
        times: &mut Times,
    ) -> Result<Instant, BrowserError> {
        let begun = Instant::now();
        self.session.set_device(&snapshot.device);
        let started = match &snapshot.story.login {
            None => {
                self.session.set_storage_state(None);
                self.load(snapshot, visit).await?;
                begun
            }
            Some(login) => self.load_logged_in(login, snapshot, visit).await?,
        };
        self.meet(snapshot, started).await?;
        times.navigate += begun.elapsed();
        if snapshot.story.steps.is_empty() {
            return Ok(started);
        }
        // Nobody knows what a click leaves behind.
        self.dirty = Some(address(&self.context.base, snapshot));
        let begun = Instant::now();
        let story = &snapshot.story;
        let done = self
            .session
            .perform_steps(&story.steps, &snapshot.theme, &story.capture, started)
            .await;
        times.settle += begun.elapsed();
        match done {
            Ok(()) => Ok(Instant::now()),
            Err(error) => Err(self.with_picture(error, snapshot).await),
        }
    }

    async fn load(&mut self, snapshot: &Snapshot, visit: PageReuse) -> Result<(), BrowserError> {
        let address = address(&self.context.base, snapshot);
        let (theme, screen) = (&snapshot.theme, snapshot.screen);
        let capture = &snapshot.story.capture;
        if visit == PageReuse::Reuse {
            self.note_cookies(&address).await?;
        }
        let (session, proxy) = (&mut self.session, self.proxy.as_ref());
        network::show(session, proxy, &mut self.dirty, &snapshot.story).await?;
        if visit == PageReuse::Fresh {
            return session.load_fresh(&address, theme, screen, capture).await;
        }
        if let Some(address) = self.dirty.take() {
            session.forget(&address).await?;
        }
        session.load(&address, theme, screen, capture).await
    }

    /// Notes that a story has left a cookie that no page would tell of. Our own
    /// server gives none, and is not asked for any.
    async fn note_cookies(&mut self, address: &str) -> Result<(), BrowserError> {
        let is_ours = matches!(self.context.manifest.source, Source::Dir(_));
        // A rule's answer may bring one all the same.
        let may_have = !is_ours || self.proxy.is_some();
        if may_have && self.dirty.is_none() && self.session.has_cookies().await? {
            self.dirty = Some(address.to_owned());
        }
        Ok(())
    }

    /// Loads the story's page as somebody who is logged in. Where the log-in
    /// turns out to hold no more it is renewed, once. Returns when loading
    /// began.
    async fn load_logged_in(
        &mut self,
        login: &Login,
        snapshot: &Snapshot,
        visit: PageReuse,
    ) -> Result<Instant, BrowserError> {
        let context = Arc::clone(&self.context);
        let mut stale: Option<Arc<LoggedIn>> = None;
        for _ in 0..2 {
            // Boxed, to spare the stack: it is as much as all the rest here.
            let log_in = Box::pin(self.log_in(login, snapshot));
            let logged_in = context.logins.get(login, stale.as_deref(), log_in).await?;
            self.session
                .set_storage_state(Some(logged_in.state.clone()));
            let started = Instant::now();
            self.load(snapshot, visit).await?;
            self.dirty = Some(address(&self.context.base, snapshot));
            if !self.is_expired(login, snapshot, started).await? {
                return Ok(started);
            }
            stale = Some(logged_in);
        }
        Err(BrowserError::Login(format!(
            "the log-in `{}` does not hold: it was done anew, and {} still looks as if it was not",
            login.name, snapshot.story.path
        )))
    }

    /// Whether the loaded page shows that nobody is logged in.
    async fn is_expired(
        &mut self,
        login: &Login,
        snapshot: &Snapshot,
        started: Instant,
    ) -> Result<bool, BrowserError> {
        let settled = self
            .session
            .settle(&snapshot.story.capture, Thoroughness::Quick, started)
            .await;
        let selector = match &login.expired {
            Some(LoginExpiry::Selector(selector)) => Some(selector.as_str()),
            _ => None,
        };
        let (now_at, status, found) = self.session.location(selector).await?;
        let path = url::Url::parse(&now_at).map(|url| url.path().to_owned());
        let path = path.unwrap_or_default();
        let sent_away = match &login.expired {
            Some(LoginExpiry::Path(login)) => path.starts_with(login.as_str()),
            _ => found,
        };
        if sent_away || matches!(status, 401 | 403) {
            return Ok(true);
        }
        settled.map(|_| false)
    }

    /// Logs somebody in, in a browser that remembers nothing.
    async fn log_in(
        &mut self,
        login: &Login,
        snapshot: &Snapshot,
    ) -> Result<StorageState, BrowserError> {
        tracing::info!(login = login.name, "logging in");
        let (path, steps) = match &login.how {
            LoginMethod::Steps { path, steps } => (path, steps),
            LoginMethod::Command(command) => {
                let (root, base) = (&self.context.manifest.root, &self.context.base);
                let state = run_command(command, root, base).await;
                return state.map_err(|reason| {
                    BrowserError::Login(format!("the log-in `{}` failed: {reason}", login.name))
                });
            }
        };
        let address = format!("{}/{}", self.context.base, path.trim_start_matches('/'));
        let capture = CaptureSettings {
            timeout: snapshot.story.capture.timeout,
            ..CaptureSettings::default()
        };
        let theme = &snapshot.theme;
        self.session.set_storage_state(None);
        let (session, proxy) = (&mut self.session, self.proxy.as_ref());
        network::show(session, proxy, &mut self.dirty, &snapshot.story).await?;
        let begun = Instant::now();
        self.session
            .load_fresh(&address, theme, snapshot.screen, &capture)
            .await?;
        self.dirty = Some(address);
        let done = self
            .session
            .perform_steps(steps, theme, &capture, begun)
            .await;
        match done {
            Ok(()) => self.session.storage_state().await,
            Err(error) => Err(match self.with_picture(error, snapshot).await {
                BrowserError::Step(mut unmet) => {
                    unmet.login = Some(login.name.clone());
                    BrowserError::Step(unmet)
                }
                other => other,
            }),
        }
    }

    /// Adds the page as it is to what is said of a step that was not done.
    async fn with_picture(&mut self, error: BrowserError, snapshot: &Snapshot) -> BrowserError {
        let BrowserError::Step(mut unmet) = error else {
            return error;
        };
        let shown = CaptureSettings {
            target: Target::Viewport,
            ..snapshot.story.capture.clone()
        };
        unmet.picture = self.session.capture(&shown, snapshot.screen).await.ok();
        BrowserError::Step(unmet)
    }
}
