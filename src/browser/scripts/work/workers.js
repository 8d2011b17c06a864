// Workers compute in real time, and their timers follow the page's clock. A page may
// go on after each message of one, and looks still while it waits for an answer.
let messages = 0;
let unanswered = 0;
let workers = 0;
let canvases = 0;
const { get: answerOf, set: setAnswer } = window.WeakMap.prototype;
const answers = new window.WeakMap();

function observeWorker(worker) {
  const port = worker.port ?? worker;
  let isAwaited = false;
  const answer = {
    await() {
      if (!isAwaited) unanswered += 1;
      isAwaited = true;
    },
    end() {
      if (isAwaited) unanswered -= 1;
      isAwaited = false;
    },
  };
  answer.await();
  apply(listen, port, ['message', () => {
    messages += 1;
    answer.end();
  }]);
  apply(listen, worker, ['error', answer.end]);
  apply(setAnswer, answers, [port, answer]);
}

for (const name of ['Worker', 'SharedWorker']) {
  const Native = window[name];
  if (!Native) continue;
  const Observed = new Proxy(Native, {
    construct(target, given, subclass) {
      const worker = Reflect.construct(target, given, subclass);
      workers += 1;
      observeWorker(worker);
      return worker;
    },
  });
  Native.prototype.constructor = Observed;
  window[name] = Observed;
}

function noteAnswer(change) {
  return (original, worker, given) => {
    const result = apply(original, worker, given);
    apply(answerOf, answers, [worker])?.[change]();
    return result;
  };
}

wrap(window.Worker?.prototype, ['postMessage'], noteAnswer('await'));
wrap(window.Worker?.prototype, ['terminate'], noteAnswer('end'));
wrap(window.MessagePort?.prototype, ['postMessage'], noteAnswer('await'));

function countCanvas(original, canvas, given) {
  const result = apply(original, canvas, given);
  canvases += 1;
  return result;
}
wrap(HTMLCanvasElement.prototype, ['transferControlToOffscreen'], countCanvas);

// The way in which workers may move the page: on canvases that it has given them, or by
// messages.
function workerMotion() {
  if (workers > 0 && canvases > 0) return 'canvas';
  return messages > 0 ? 'messages' : null;
}
