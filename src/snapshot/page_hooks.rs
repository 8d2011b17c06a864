//! What happens between a page and the pictures of it: the story's own
//! framework is waited for, the user's own code runs.

use std::time::Instant;

use super::capture::SessionPage;
use super::hooks::Moment;
use super::story_parameters;
use crate::browser::{BrowserError, Parameters};
use crate::plan::Snapshot;

impl SessionPage {
    /// Waits for a story's own framework, and hears what the story says of
    /// itself.
    pub(crate) async fn meet(
        &mut self,
        snapshot: &Snapshot,
        begun: Instant,
    ) -> Result<(), BrowserError> {
        self.parameters = match &snapshot.story.storybook {
            Some(its) => {
                let limit = snapshot.story.capture.timeout;
                self.session
                    .wait_for_storybook(&its.id, limit, begun)
                    .await?
            }
            None => Parameters::default(),
        };
        story_parameters::check(&self.context.manifest, snapshot, &self.parameters)?;
        if !self.context.hooks.is_empty() {
            self.is_hooked = true;
            self.hook(Moment::Before, snapshot).await?;
        }
        Ok(())
    }

    /// Lets the user's own code end what it has begun, whatever became of the
    /// picture. What went wrong first is told.
    pub(crate) async fn part<T>(
        &mut self,
        snapshot: &Snapshot,
        shot: Result<T, BrowserError>,
    ) -> Result<T, BrowserError> {
        if !std::mem::take(&mut self.is_hooked) || shot.as_ref().is_err_and(BrowserError::is_fatal)
        {
            return shot;
        }
        let ended = self.hook(Moment::After, snapshot).await;
        let shot = shot?;
        ended.map(|()| shot)
    }

    async fn hook(&self, moment: Moment, snapshot: &Snapshot) -> Result<(), BrowserError> {
        let (client, limit) = (self.session.client(), snapshot.story.capture.timeout);
        self.context
            .hooks
            .run(moment, client, snapshot, limit)
            .await
    }
}
