// A screenshot of more than the viewport makes the browser report a resize in
// which nothing has changed. It is hidden from the page.
const getDevicePixelRatio = windowGetter('devicePixelRatio');

function hideEmptyResizes(target, measure) {
  let last = measure();
  const note = () => { last = measure(); };
  target.addEventListener('resize', (event) => {
    const size = measure();
    if (event.isTrusted && size === last) event.stopImmediatePropagation();
    last = size;
  }, true);
  // Mobile layouts have their size only then.
  window.addEventListener('load', note, { once: true, capture: true });
}

hideEmptyResizes(window, () => (
  [getInnerWidth(), getInnerHeight(), getDevicePixelRatio()].join()
));
if (window.visualViewport) {
  const { visualViewport } = window;
  hideEmptyResizes(visualViewport, () => (
    [visualViewport.width, visualViewport.height, visualViewport.scale].join()
  ));
}
