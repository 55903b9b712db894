/**
 * Whether the server is still there: part of the state, and as pure.
 *
 * A worker that hangs cannot tell its tabs that it does, and the browser does
 * not tell a page of the server's pings. So the page asks when nothing was
 * heard for a while, and anything at all that comes then will do for an answer.
 */

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').Out} Out
 */

/**
 * Who edits: asked after so long a silence, and given up after so long without
 * an answer. With both over, the tab does not believe any more that its saves
 * are protected. Together they must stay below the 15 s of a worker's lease,
 * after which somebody else may get the lock, less the 3 s before its end at
 * which a worker that does not hang stops to rely on it. (The lease counts from
 * when it was renewed, perhaps 5 s before the worker hung; for these there is
 * the head start of who was the editor.)
 */
const PING_MS = 5000;
const ANSWER_MS = 5000;
/**
 * Those for whom it is no danger: who does not edit cannot save, and nobody
 * saves in a tab that is hidden. A viewer only wants to be in time for what
 * comes. A hidden editor keeps its lock so: it is back through another worker
 * within the lease and the head start that follows. A hidden tab that does not
 * edit never asks, until it is shown: most of tens of thousands of sockets are
 * such, and browsers slow their timers down anyway.
 */
const RARE_MS = 30000;
/** A tick as late as this: the page was held up, or asleep. */
const LATE_MS = 1000;

/**
 * Whether what this tab believes is too old to save by: it was hidden, or
 * asleep, and what it has asked is not answered yet.
 *
 * @param {State} s
 * @param {number} now
 */
export const isUnsure = (s, now) => s.answered && s.shown.mode === 'editor' &&
  now >= s.heardAt + PING_MS + ANSWER_MS;

/**
 * Asks the server whether it is there, unless that is under way.
 *
 * @param {State} s
 * @param {number} now
 * @param {Out} out
 */
export function ask(s, now, out) {
  if (!s.heardAt || s.askedAt) return;
  s.askedAt = now;
  out.send.push({ type: 'ping' });
}

/**
 * When it is asked, or given up because it has not answered.
 *
 * @param {State} s
 */
export function watchAt(s) {
  const edits = s.shown.mode === 'editor';
  if (!s.heardAt || !(edits || s.visible)) return Infinity;
  if (s.askedAt) return s.askedAt + ANSWER_MS;
  return s.heardAt + (edits && s.visible ? PING_MS : RARE_MS);
}

/**
 * @param {State} s
 * @param {number} now
 * @param {Out} out
 */
export function watch(s, now, out) {
  // The clock may be set back.
  s.heardAt = Math.min(s.heardAt, now);
  s.askedAt = Math.min(s.askedAt, now);
  const at = watchAt(s);
  if (now < at) return;
  if (!s.askedAt) {
    ask(s, now, out);
  } else if (now >= at + LATE_MS && !s.askedTwice) {
    // The answer may be here, and wait for its turn behind us.
    s.askedTwice = true;
    s.askedAt = 0;
    ask(s, now, out);
  } else {
    out.effects.push('lose');
  }
}
