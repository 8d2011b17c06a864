// What the page waits for in real time, and the number of messages from workers.
const workState = () => ({
  __proto__: null,
  messages,
  unanswered: unanswered > 0,
  working: pendingWork > 0,
});
return { __proto__: null, workState, workerMotion };
