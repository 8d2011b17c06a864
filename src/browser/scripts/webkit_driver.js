// Calls of WebKitWebDriver, whose own script runs in the page and uses built-ins
// that page code can replace. They are put back while it runs; those that it uses
// before it evaluates anything, as long as the page's time stands still.
(() => {
  if (window.__tintypeDriver) return;
  const { Map, Node, Promise, String } = window;
  const driver = createGuard(
    [
      Object.prototype, Function.prototype, Array, Array.prototype, String.prototype,
      Map.prototype, Promise, Promise.prototype, JSON, Node.prototype,
      Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()),
    ],
    [[window, 'JSON'], [window, 'Promise']],
  );
  const entry = createGuard([], [
    [Array.prototype, 'join'], [String.prototype, 'split'], [String.prototype, 'startsWith'],
    [window, 'Map'], [window, 'Promise'],
  ]);
  const later = window.setTimeout.bind(window);
  // Other listeners of the page come after it.
  window.addEventListener('load', () => {
    entry.enter();
    later(entry.enter);
  }, true);

  // Evaluates, and gives the driver JSON text of the `value` or of an `error`.
  async function run(evaluate, done) {
    // The driver's script has returned then.
    await undefined;
    driver.leave();
    entry.leave();
    const answer = await own(answerOf(evaluate));
    entry.enter();
    driver.enter();
    done(answer);
    later(driver.leave);
  }

  async function answerOf(evaluate) {
    const { serialize } = window.__tintype;
    try {
      const value = await own(evaluate());
      return serialize({ value });
    } catch (error) {
      return serialize({ error: textOf(error) });
    }
  }

  function textOf(error) {
    try {
      return String(error);
    } catch {
      return 'an exception without text';
    }
  }

  const calls = Object.freeze({ enter: driver.enter, run });
  Object.defineProperty(window, '__tintypeDriver', { value: calls });
})();
