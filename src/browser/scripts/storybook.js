// Asks a Storybook's preview how far it has come with the story `wanted`.
// Its channel remembers the last of each event, so nothing is missed by coming
// late.
((wanted) => {
  const status = performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0;
  const preview = window.__STORYBOOK_PREVIEW__;
  const channel = preview?.channel ?? window.__STORYBOOK_ADDONS_CHANNEL__;
  const waiting = (detail) => ({ state: 'waiting', detail, status });
  if (!channel?.last) return waiting('its preview has not started');

  const plain = (text) => String(text ?? '').replace(/\u001b\[[0-9;]*m/g, '').trim();
  const words = (error) => {
    if (error?.message === undefined) return plain(error);
    const { name, message } = error;
    return plain(name && name !== 'Error' ? `${name}: ${message}` : message);
  };
  const shown = () => plain(document.getElementById('error-message')?.textContent);
  const said = {
    configError: ([error]) => `its preview could not be set up: ${words(error)}`,
    playFunctionThrewException: ([error]) => `the play function failed: ${words(error)}`,
    unhandledErrorsWhilePlaying: ([errors]) => `errors while playing: ${[].concat(errors).map(words).join('; ')}`,
    storyErrored: ([{ title, description }]) => `the story cannot be rendered: ${plain(title)} ${plain(description)}`,
    storyThrewException: ([error]) => `the story threw an error: ${words(error)}`,
    storyMissing: ([id]) => `there is no story \`${id ?? wanted}\`: ${shown()}`,
  };
  for (const [event, message] of Object.entries(said)) {
    const given = channel.last(event);
    if (given) return { state: 'failed', detail: message(given), status };
  }

  const render = preview?.currentRender;
  if (render?.id !== wanted) return waiting('it has not chosen the story');
  // From `played` on Storybook only looks on: animations, reports.
  const rendered = ['played', 'completing', 'completed', 'afterEach', 'finished'];
  if (!rendered.includes(render.phase)) return waiting(`the story is ${render.phase}`);
  const { tintype, chromatic } = render.story?.parameters ?? {};
  return {
    state: 'rendered',
    detail: '',
    status,
    parameters: tintype === undefined ? undefined : JSON.stringify(tintype),
    disabled: chromatic?.disableSnapshot === true,
  };
})
