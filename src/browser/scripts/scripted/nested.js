// Frames: each tells its parent that it has a clock, and is then advanced by it,
// wherever it comes from.
const nestedWindows = new Set();
const MAX_ANSWER_WAIT = 2000;

function receive(event) {
  const call = event.data?.__tintypeClock;
  if (call === undefined) return;
  event.stopImmediatePropagation();
  // A document that was replaced meanwhile has no window.
  if (call === 'started') {
    if (event.source) nestedWindows.add(event.source);
    return;
  }
  if (event.source === parent) obey(call, event.ports[0]);
}

async function obey({ step, options, isLive }, port) {
  if (isLive !== undefined) setLive(isLive);
  port.postMessage(step === undefined ? null : await advance(step, options));
}

// Calls a frame's clock. One that has gone gives no answer.
function callNested(inner, call) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const finish = (answer) => {
      port1.close();
      resolve(answer);
    };
    port1.onmessage = ({ data }) => finish(data);
    native.setTimeout(() => finish(null), MAX_ANSWER_WAIT);
    inner.postMessage({ __tintypeClock: call }, '*', [port2]);
  });
}

function callAllNested(call) {
  for (const inner of nestedWindows) if (inner.closed) nestedWindows.delete(inner);
  return Promise.all([...nestedWindows].map((inner) => callNested(inner, call)));
}

// A window that gets another document may lose its listeners.
function attach() {
  observeInsertions();
  native.addEventListener('message', receive, true);
  if (parent !== window) parent.postMessage({ __tintypeClock: 'started' }, '*');
}
