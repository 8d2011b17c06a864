// Evaluates an expression to JSON text of its `value`, or of an `error`.
const done = arguments[0];
if (window.__tintypeDriver) {
  window.__tintypeDriver.run(async () => {
    if (!window.__tintype.isPrepared()) throw 'the page has no library';
    return await (EXPRESSION);
  }, done);
} else {
  done('{"error":"the page has no library"}');
}
