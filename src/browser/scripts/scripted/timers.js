// Timers: they run when the clock reaches them, in the order of their times, in
// which they are linked.
const timers = new CapturedMap();
const MIN_NESTED_DELAY = 4;
const MAX_NESTING = 5;
let time = 0;
let firstTimer = null;
let lastTimer = null;
let lastId = 0;
let nesting = 0;

function addTimer(args, isRepeating) {
  // As the platform converts it.
  let wait = max(0, (Number(args[1]) || 0) | 0);
  if (isRepeating || nesting >= MAX_NESTING) wait = max(wait, MIN_NESTED_DELAY);
  const given = createList();
  for (let index = 2; index < args.length; index += 1) given[index - 2] = args[index];
  lastId += 1;
  insertTimer({
    id: lastId,
    due: time + wait,
    period: isRepeating ? wait : null,
    nesting: nesting + 1,
    handler: args[0],
    given,
    previous: null,
    next: null,
  });
  return lastId;
}

// A timer comes after others that are due at the same time.
function insertTimer(timer) {
  let previous = lastTimer;
  while (previous !== null && previous.due > timer.due) previous = previous.previous;
  const next = previous === null ? firstTimer : previous.next;
  link(previous, timer);
  link(timer, next);
  timers.set(timer.id, timer);
}

function removeTimer(id) {
  const timer = timers.get(id);
  if (timer === undefined) return;
  link(timer.previous, timer.next);
  timers.delete(id);
}

function link(previous, next) {
  if (previous === null) firstTimer = next;
  else previous.next = next;
  if (next === null) lastTimer = previous;
  else next.previous = previous;
}

replace(window, 'setTimeout', (args) => addTimer(args, false));
replace(window, 'setInterval', (args) => addTimer(args, true));
for (const name of ['clearTimeout', 'clearInterval']) {
  replace(window, name, (args) => { removeTimer(Number(args[0])); });
}

function runTimer(timer) {
  time = max(time, timer.due);
  removeTimer(timer.id);
  if (timer.period !== null) {
    timer.due = time + timer.period;
    insertTimer(timer);
  }
  nesting = timer.nesting;
  if (typeof timer.handler === 'function') callPage(timer.handler, timer.given);
  else callPage((text) => evaluateGlobally(String(text)), [timer.handler]);
  nesting = 0;
}

// Runs the timers until a time, or until the page waits for a request.
async function runTimers(end, isWaiting) {
  while (firstTimer !== null && firstTimer.due <= end) {
    runTimer(firstTimer);
    await yieldToBrowser();
    if (isWaiting()) return;
  }
  time = max(time, end);
}
