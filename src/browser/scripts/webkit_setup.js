// Prepares a loaded page of WebKit, and installs the library in every document
// that can be reached and has none: it was not loaded through the proxy.
const library = arguments[0];
const done = arguments[1];

function install(frame) {
  let inner;
  try {
    if (!frame.__tintype?.isOf(frame.document)) frame.eval(library);
    if (!frame.__tintype.prepare()) return;
    inner = frame.__tintype.frameWindows();
  } catch {
    return;
  }
  for (let index = 0; index < inner.length; index += 1) install(inner[index]);
}

install(window);
if (window.__tintypeDriver) {
  window.__tintypeDriver.run(() => window.__tintype.answer('requestStatus'), done);
} else {
  done(null);
}
