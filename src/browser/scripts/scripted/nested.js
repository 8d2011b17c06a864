// Frames: each tells its parent that it has a clock, and is then advanced by it,
// wherever it comes from.
const nestedWindows = new CapturedSet();
const MAX_ANSWER_WAIT = 2000;
const getSource = getter(MessageEvent.prototype, 'source');
const getPorts = getter(MessageEvent.prototype, 'ports');
const stopPropagation = uncurry(Event.prototype.stopImmediatePropagation);
const postToWindow = uncurry(window.postMessage);

function receive(event) {
  const call = getData(event)?.__tintypeClock;
  if (call === undefined) return;
  stopPropagation(event);
  const source = getSource(event);
  // A document that was replaced meanwhile has no window.
  if (call === 'started') {
    if (source) nestedWindows.add(source);
    return;
  }
  if (source === parent) obey(setPrototypeOf(call, null), getPorts(event)[0]);
}

async function obey({ step, options, isLive }, port) {
  if (isLive !== undefined) setLive(isLive);
  postToPort(port, step === undefined ? null : await advance(step, options));
}

// Calls a frame's clock. One that has gone gives no answer.
function callNested(inner, call, receiveAnswer) {
  let isOpen = true;
  const finish = (answer) => {
    if (isOpen) receiveAnswer(answer);
    isOpen = false;
  };
  native.setTimeout(() => finish(null), MAX_ANSWER_WAIT);
  postToWindow(inner, { __tintypeClock: call }, '*', sequenceOf(openPort(finish)));
}

// Calls the clocks of all frames that are not among those `called`, and resolves to
// their answers.
function callAllNested(call, called = new CapturedSet()) {
  return createPromise((resolve) => {
    const answers = createList();
    let open = 1;
    const finish = (answer) => {
      if (answer) answers[answers.length] = answer;
      open -= 1;
      if (open === 0) resolve(answers);
    };
    nestedWindows.forEach((inner) => {
      if (inner.closed) nestedWindows.delete(inner);
      else if (!called.has(inner)) {
        called.add(inner);
        open += 1;
        callNested(inner, call, finish);
      }
    });
    finish(null);
  });
}

// A window that gets another document may lose its listeners.
function attach() {
  observeInsertions();
  listen(window, 'message', receive, true);
  if (parent !== window) postToWindow(parent, { __tintypeClock: 'started' }, '*');
}
