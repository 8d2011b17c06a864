// The state of the story `id` in a Storybook's preview. Its channel keeps the
// last event of each kind, so none is missed.
function storybookState(id) {
  const status = responseStatus();
  const preview = window.__STORYBOOK_PREVIEW__;
  const channel = preview?.channel ?? window.__STORYBOOK_ADDONS_CHANNEL__;
  const waiting = (detail) => ({ state: 'waiting', detail, status });
  if (!channel?.last) return waiting('the preview has not started');
  for (const [event, message] of Object.entries(STORYBOOK_FAILURES)) {
    const args = channel.last(event);
    if (args) return { state: 'failed', detail: message(args, id), status };
  }
  const render = preview?.currentRender;
  if (render?.id !== id) return waiting('the preview has not selected the story');
  if (!RENDERED_PHASES.includes(render.phase)) return waiting(`the story is ${render.phase}`);
  const { tintype, chromatic } = render.story?.parameters ?? {};
  return {
    state: 'rendered',
    detail: '',
    status,
    parameters: tintype === undefined ? undefined : serialize(tintype),
    disabled: chromatic?.disableSnapshot === true,
  };
}

// From `played` on, Storybook only observes: animations, reports.
const RENDERED_PHASES = ['played', 'completing', 'completed', 'afterEach', 'finished'];

const STORYBOOK_FAILURES = {
  configError: ([error]) => `its preview could not be set up: ${errorText(error)}`,
  playFunctionThrewException: ([error]) => `the play function failed: ${errorText(error)}`,
  unhandledErrorsWhilePlaying: ([errors]) => (
    `errors while playing: ${[].concat(errors).map(errorText).join('; ')}`
  ),
  storyErrored: ([{ title, description }]) => (
    `the story cannot be rendered: ${plainText(title)} ${plainText(description)}`
  ),
  storyThrewException: ([error]) => `the story threw an error: ${errorText(error)}`,
  storyMissing: ([missing], id) => `there is no story \`${missing ?? id}\`: ${shownError()}`,
};

function plainText(text) {
  return String(text ?? '').replace(/\u001b\[[0-9;]*m/g, '').trim();
}

function errorText(error) {
  if (error?.message === undefined) return plainText(error);
  const { name, message } = error;
  return plainText(name && name !== 'Error' ? `${name}: ${message}` : message);
}

function shownError() {
  return plainText(query(document, '#error-message')?.textContent);
}
