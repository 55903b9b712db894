/**
 * What is the case, and what follows from it: a pure function of the frames
 * that came and of what happens on the page. No DOM, no clock: the time is
 * handed in.
 */
import { parseTime } from './clock.js';
import { CLOSE_SIGNED_OUT } from './link.js';
import { ask, isUnsure, watch, watchAt } from './watch.js';

/**
 * @typedef {import('./types.js').Who} Who
 * @typedef {import('./types.js').UserId} UserId
 * @typedef {import('./types.js').Person} Person
 * @typedef {import('./types.js').Mode} Mode
 * @typedef {import('./types.js').Phase} Phase
 * @typedef {import('./types.js').OustKind} OustKind
 * @typedef {import('./types.js').Notice} Notice
 *
 * @typedef {{user_id: UserId, until: number}} Term   until: ms, our clock
 *
 * @typedef {Object} Lock       the lock frame, times in our clock
 * @property {(Who & {tab: string|null})|null} editor
 * @property {Term|null} previous
 * @property {{user_id: UserId, name: string, asked: boolean}[]} line
 * @property {Term|null} offer
 * @property {Term|null} countdown
 * @property {number|null} holdUntil
 *
 * @typedef {Object} Save       at: ms, the server's clock
 * @property {number} at
 * @property {UserId} user_id
 * @property {string} name
 * @property {'add'|'change'|'delete'} action
 * @property {string[]} fields
 *
 * @typedef {Object} Facts      what the page knows at the start
 * @property {import('./types.js').PageId} page
 * @property {string} tab
 * @property {number} pageAt    when the page was asked for, our clock
 * @property {number} seen      last save this tab knew of when it left the page
 *   before, the server's clock; 0
 * @property {number} mark      when this tab submitted this form, the server's
 *   clock; 0: it did not
 * @property {boolean} visible
 *
 * @typedef {Object} Known      what it learns
 * @property {boolean} ready     the document is there; before, we only listen
 * @property {boolean} canSave   there is a Save
 * @property {boolean} dirty
 * @property {Phase} phase
 * @property {number} checkingUntil  0: not checking
 * @property {boolean} answered  the room's state came on this connection
 * @property {boolean} greeted   hello came on this connection
 * @property {boolean} unknown   nor does the server know who edits
 * @property {number} heardAt    of the server, last; 0: there is no socket
 * @property {number} askedAt    whether it is there, no answer yet; 0
 * @property {boolean} askedTwice  the first answer may have been overlooked
 * @property {boolean} signedOut
 * @property {number} lostAt
 * @property {number} helloAt    when our hello was sent
 * @property {string} sent       the last state we sent; "": none
 * @property {number} offset     server's clock minus ours
 * @property {number} known      the save the page shows, the server's clock
 * @property {number} submittedAt  this page was, the server's clock; 0
 * @property {any} hello
 * @property {Record<string, Person>} people
 * @property {Lock|null} lock
 * @property {Save|null} last
 * @property {number} newerAt    when we heard of it, our clock
 * @property {number} lastInput
 * @property {boolean} idle
 * @property {number} claim     one is on its way since then; 0
 * @property {number} tried      one of ourselves was refused then; 0
 * @property {boolean} resting   the user does not want to be the editor now
 * @property {boolean} sibling   another tab of mine had it last
 * @property {boolean} had       I was the editor
 * @property {(Loss & {quiet: boolean})|null} loss  the lock frame follows it
 * @property {Loss|null} ousted
 * @property {{mode: Mode, editor: Who|null}} shown
 * @property {boolean} locked    the form is read-only
 * @property {boolean} kept      what is on the page is in the draft
 * @property {boolean} stored    there is a draft of an earlier page
 * @property {boolean} restoring
 * @property {import('./types.js').Held} saveHeld
 * @property {{of: number, at: number}|null} warned
 * @property {number} keepFor    no reload for this save
 * @property {number|null} reloadAt
 * @property {Notice[]} notices
 * @property {number} lastNotice
 *
 * @typedef {{kind: OustKind, name: string, reason: string}} Loss
 * @typedef {Facts & Known} State
 *
 * @typedef {'reload'|'discard'|'submit'|'keep'|'drop'|'restore'|'compare'|
 *   'reconnect'|'lose'|'sentBack'} Effect
 *   keep, drop, restore: the draft; discard: it, and what is on the page;
 *   lose: the socket is dead; sentBack: the submit was none
 *
 * @typedef {{type: 'open'} | {type: 'closed', code: number} |
 *   {type: 'ready', canSave: boolean, dirty: boolean} |
 *   {type: 'frame', frame: any} | {type: 'tick'} | {type: 'wake'} |
 *   {type: 'check'} |
 *   {type: 'input'} | {type: 'dirty', dirty: boolean} |
 *   {type: 'visible', visible: boolean} | {type: 'submitted'} |
 *   {type: 'stopped', why: 'hold'|'refuse'|'warn'} |
 *   {type: 'refused'} |
 *   {type: 'held', what: 'unseen'|'comparing'|'merging'|null} |
 *   {type: 'known', at: number} |
 *   {type: 'draft', stored: boolean} |
 *   {type: 'notice', text: string} |
 *   {type: 'act', name: string, arg?: any}} Event
 *
 * @typedef {{send: object[], effects: Effect[]}} Out
 */

const CHECK_MS = 2000;
const QUIET_MS = 5000;
const RELOAD_MS = 5000;
/** Nobody touched the page for so long: the person is not at it. */
const IDLE_MS = 120000;
const CLAIM_MS = 3000;
const CLAIM_AGAIN_MS = 10000;
/** A save is announced so long after it was submitted, at most. */
const OWN_SAVE_MS = 60000;
/** How far the clocks of Django and collabd may be apart. */
const SKEW_MS = 3000;
/** The second click of a double click answers no question. */
const READ_MS = 1000;
const NOTICES_MAX = 4;

/**
 * @param {unknown} a
 * @param {unknown} b
 */
export const same = (a, b) => String(a) === String(b);

/**
 * @param {Facts} facts
 * @param {number} now
 * @returns {State}
 */
export function initial(facts, now) {
  return {
    ...facts,
    ready: false,
    canSave: false,
    dirty: false,
    phase: 'checking',
    checkingUntil: now + CHECK_MS,
    answered: false,
    greeted: false,
    unknown: false,
    heardAt: 0,
    askedAt: 0,
    askedTwice: false,
    signedOut: false,
    lostAt: -Infinity,
    helloAt: now,
    sent: '',
    offset: 0,
    known: 0,
    submittedAt: 0,
    hello: null,
    people: {},
    lock: null,
    last: null,
    newerAt: 0,
    lastInput: now,
    idle: false,
    claim: 0,
    tried: 0,
    resting: false,
    sibling: false,
    had: false,
    loss: null,
    ousted: null,
    shown: { mode: 'none', editor: null },
    locked: false,
    kept: false,
    stored: false,
    restoring: false,
    saveHeld: null,
    warned: null,
    keepFor: 0,
    reloadAt: null,
    notices: [],
    lastNotice: 0,
  };
}

/**
 * @param {State} s
 * @param {unknown} userId
 */
export const isMe = (s, userId) =>
  !!s.hello && same(s.hello.you.user_id, userId);

/**
 * The save that this page does not show.
 *
 * @param {State} s
 * @returns {Save|null}
 */
export function newer(s) {
  return s.page.page === 'change' && s.last && s.last.at > s.known
    ? s.last : null;
}

/**
 * @param {State} s
 * @param {string} text
 * @param {Notice['tone']} tone
 * @param {Record<string, string>} [params]
 */
function notify(s, text, tone, params = {}) {
  const id = s.lastNotice + 1;
  s.lastNotice = id;
  s.notices = [...s.notices.filter((n) => n.text !== text),
    { id, text, tone, params }].slice(-NOTICES_MAX);
}

/**
 * @param {State} s
 * @param {number} now
 * @returns {Phase}
 */
function phaseOf(s, now) {
  if (s.signedOut) return 'signed_out';
  if (s.unknown) return 'offline';
  // A first claim is answered in no time: do not show "free" before.
  const settled = s.answered && !(s.claim && s.shown.mode === 'none');
  if (!settled && now < s.checkingUntil) return 'checking';
  if (s.answered) return 'live';
  return now < s.lostAt + QUIET_MS ? 'reconnecting' : 'offline';
}

/**
 * What the lock means for this tab.
 *
 * @param {State} s
 * @returns {Mode}
 */
function modeOf(s) {
  const { lock, hello } = s;
  if (s.page.page !== 'change' || !hello || !lock) return 'none';
  if (!s.canSave || !hello.may_change) return 'view_only';
  if (lock.editor && isMe(s, lock.editor.user_id)) {
    return lock.editor.tab === s.tab ? 'editor' : 'other_tab';
  }
  if (!lock.editor && lock.offer && isMe(s, lock.offer.user_id)) {
    return 'offered';
  }
  if (lock.line.some((l) => l.asked && isMe(s, l.user_id))) return 'waiting';
  return lock.editor ? 'viewer' : 'free';
}

/**
 * Whether this tab makes itself the editor.
 *
 * @param {State} s
 * @param {number} now
 */
function wantsClaim(s, now) {
  const { lock } = s;
  if (!s.answered || !lock || s.claim) return false;
  if (lock.editor || lock.offer) return false;
  const mode = modeOf(s);
  if (mode !== 'free' || s.resting) return false;
  if (s.tried && now < s.tried + CLAIM_AGAIN_MS) return false;
  const { previous } = lock;
  if (previous && previous.until > now) {
    if (!isMe(s, previous.user_id) || s.sibling) return false;
    // I had it and it is still mine, be the page as it may; and be it hidden.
    if (s.had) return true;
  }
  return (s.visible || s.had) && !newer(s);
}

/**
 * @param {State} s
 * @param {number} now
 * @param {Out} out
 * @param {boolean} [move]
 */
function claim(s, now, out, move) {
  s.claim = now;
  // What is undefined is not sent.
  out.send.push({ type: 'claim_editor', move });
}

/**
 * What a Save is to do now.
 *
 * @param {State} s
 * @param {string} button  name of the submit button, "" if unknown
 * @param {number} now
 * @returns {'pass'|'hold'|'refuse'|'warn'}
 */
export function decide(s, button, now) {
  // That one makes another object.
  if (s.page.page !== 'change' || !s.canSave || button === '_saveasnew') {
    return 'pass';
  }
  if (phaseOf(s, now) === 'checking' || isUnsure(s, now)) return 'hold';
  if (s.locked) return 'refuse';
  const save = newer(s);
  const { warned } = s;
  const read = warned && now >= warned.at + READ_MS;
  if (save && !(read && warned.of === save.at)) return 'warn';
  return 'pass';
}

/**
 * @param {State} s
 * @param {'hold'|'refuse'|'warn'} why
 * @param {number} now
 */
function stop(s, why, now) {
  const save = newer(s);
  s.saveHeld = null;
  if (why === 'hold') {
    s.saveHeld = 'checking';
  } else if (why === 'warn' && save) {
    s.saveHeld = 'newer';
    if (s.warned?.of !== save.at) s.warned = { of: save.at, at: now };
  } else {
    notify(s, 'save_refused', 'error', { name: s.lock?.editor?.name ?? '' });
  }
}

/**
 * The form was sent, and is not saved: the page stays as it is.
 *
 * @param {State} s
 * @param {string} name  of the editor, "" if unknown
 * @param {Out} out
 */
function sentBack(s, name, out) {
  s.submittedAt = 0;
  notify(s, 'save_refused', 'error', { name });
  out.effects.push('sentBack');
}

/**
 * @param {State} s
 * @param {any} f  a `saved` object
 * @param {number} now
 * @param {Out} out
 */
function takeSave(s, f, now, out) {
  const at = parseTime(f.when);
  if (isMe(s, f.user_id)) {
    // Mine is what this tab has sent: from this page, or from the one before.
    const from = s.submittedAt || s.mark;
    if (from && at >= from - SKEW_MS && at < from + OWN_SAVE_MS) {
      s.known = Math.max(s.known, at);
      s.mark = 0;
      s.stored = s.restoring = false;
      out.effects.push('drop');
    }
  }
  if (s.last && at <= s.last.at) return;
  const { user_id, name, action, fields = [] } = f;
  s.last = { at, user_id, name, action, fields };
  s.newerAt = now;
}

/**
 * @param {State} s
 * @param {any} f
 * @param {number} now
 * @param {Out} out
 */
function takeHello(s, f, now, out) {
  s.greeted = true;
  s.signedOut = false;
  s.offset = parseTime(f.now) - (s.helloAt + now) / 2;
  if (!s.hello) s.known = Math.max(s.seen, s.pageAt + s.offset);
  s.hello = f;
  if (f.last_save) takeSave(s, f.last_save, now, out);
}

/**
 * @param {State} s
 * @param {any} f
 */
function takeLock(s, f) {
  /** @param {any} t */
  const local = (t) => (t ? parseTime(t) - s.offset : null);
  /** @param {any} x */
  const term = (x) => x && { user_id: x.user_id, until: local(x.until) };
  const lock = s.lock = /** @type {Lock} */ ({
    editor: f.editor || null,
    previous: term(f.previous) || null,
    line: f.line || [],
    offer: term(f.offer) || null,
    countdown: term(f.countdown) || null,
    holdUntil: local(f.hold_until),
  });
  s.answered = true;
  s.unknown = false;
  s.tried = 0;
  const mode = modeOf(s);
  if (lock.editor || mode === 'offered' || mode === 'waiting') s.claim = 0;
  if (mode === 'other_tab') s.sibling = true;
  else if (lock.editor || !lock.previous) s.sibling = false;
}

/**
 * Why I am about to be the editor no longer.
 *
 * @param {State} s
 * @param {any} from
 * @param {OustKind} kind
 * @param {string} name
 * @param {string} reason
 * @param {boolean} [quiet]  there is no need to tell, if nothing was typed
 */
function takeLoss(s, from, kind, name, reason, quiet = false) {
  if (isMe(s, from.user_id)) s.loss = { kind, name, reason, quiet };
}

/**
 * @param {State} s
 * @param {any} f
 * @param {number} now
 */
function takeError(s, f, now) {
  if (f.in_reply_to === 'claim_editor') {
    s.claim = 0;
    s.tried = now;
    // Somebody was faster, which the lock frame says.
    if (f.code === 'held') return;
  }
  // Not our doing: an older server, in the midst of an update.
  if (f.code === 'unknown_type') return;
  notify(s, `error_${f.code}`, 'warning', { message: f.message || f.code });
}

/**
 * @param {State} s
 * @param {any} f
 * @param {number} now
 * @param {Out} out
 */
function takeFrame(s, f, now, out) {
  // Before hello there are the frames of the package.
  if (!s.greeted && f.type !== 'hello') return;
  switch (f.type) {
    case 'hello':
      takeHello(s, f, now, out);
      break;
    case 'presence':
      s.people = {};
      for (const user of f.users) s.people[user.user_id] = user;
      if (s.page.page !== 'change') s.answered = true;
      break;
    case 'user_present':
      s.people = { ...s.people, [f.user.user_id]: f.user };
      break;
    case 'users_present':
      s.people = { ...s.people };
      for (const user of f.users) s.people[user.user_id] = user;
      break;
    case 'user_absent':
      s.people = { ...s.people };
      delete s.people[f.user_id];
      break;
    case 'lock':
      takeLock(s, f);
      break;
    case 'lock_unknown':
      if (s.page.page !== 'change') break;
      s.unknown = true;
      s.answered = false;
      s.claim = 0;
      // If the connection goes as well, there is nothing to show "as before".
      s.lostAt = -Infinity;
      break;
    case 'saved':
      takeSave(s, f, now, out);
      break;
    case 'save_refused':
      if (f.tab === s.tab) sentBack(s, f.editor?.name ?? '', out);
      break;
    case 'taken_over':
      takeLoss(s, f.from, f.type, f.by.name, f.reason);
      break;
    case 'handed_over':
      // Who answered knows it.
      takeLoss(s, f.from, f.type, f.to.name, '', f.how === 'editor');
      break;
    case 'lock_lost':
      takeLoss(s, f.from, 'lost', '', f.why);
      break;
    case 'attention_requested':
      // Somebody with a page of the package, who cannot ask as we do.
      if (s.shown.mode === 'editor') {
        const person = s.people[f.user_id];
        notify(s, 'attention', 'info',
          { name: person ? person.name : f.username });
      }
      break;
    case 'error':
      takeError(s, f, now);
      break;
    default: // A later server says more.
  }
}

/**
 * What the user asked for.
 *
 * @param {State} s
 * @param {string} name
 * @param {any} arg
 * @param {number} now
 * @param {Out} out
 */
function act(s, name, arg, now, out) {
  switch (name) {
    case 'claim':
      s.resting = false;
      claim(s, now, out);
      break;
    case 'moveHere':
      claim(s, now, out, true);
      break;
    case 'requestEdit':
      s.resting = false;
      out.send.push({ type: 'request_edit' });
      break;
    case 'cancelRequest':
      // Who declines does not take it the moment it is free.
      s.resting = modeOf(s) === 'offered';
      out.send.push({ type: 'cancel_request' });
      break;
    case 'handOver':
      out.send.push({
        type: 'answer_request', answer: 'hand_over', user_id: arg,
      });
      break;
    case 'later':
      out.send.push({ type: 'answer_request', answer: 'later' });
      break;
    case 'takeOver':
      s.resting = false;
      out.send.push({ type: 'take_over', reason: arg || undefined });
      break;
    case 'release':
      s.resting = true;
      s.had = false;
      out.send.push({ type: 'release_lock' });
      break;
    case 'reload':
      out.effects.push('reload');
      break;
    case 'keepPage':
      s.keepFor = s.last?.at ?? 0;
      break;
    case 'saveAnyway':
      if (s.saveHeld !== 'newer' && s.saveHeld !== 'unseen') break;
      out.effects.push('submit');
      // That Save asks again, and is not to be asked again.
      s.warned = { of: s.warned?.of ?? 0, at: 0 };
      s.saveHeld = null;
      break;
    case 'cancelSave':
      s.saveHeld = s.warned = null;
      break;
    case 'compare':
      out.effects.push('compare');
      break;
    case 'restoreDraft':
      s.restoring = s.stored;
      break;
    case 'dropDraft':
      out.effects.push(s.locked && s.dirty ? 'discard' : 'drop');
      s.kept = s.locked && s.dirty;
      s.stored = s.restoring = false;
      s.ousted = null;
      break;
    case 'dismiss':
      s.notices = s.notices.filter((n) => n.id !== arg);
      break;
    case 'retry':
      out.effects.push('reconnect');
      break;
    default:
  }
}

/**
 * What is known of a connection, of one that begins or ends.
 *
 * @param {State} s
 */
function forgetSocket(s) {
  s.greeted = s.answered = s.unknown = s.askedTwice = false;
  s.claim = s.heardAt = s.askedAt = 0;
  s.sent = '';
}

/**
 * @param {State} s
 * @param {Event} e
 * @param {number} now
 * @param {Out} out
 */
function take(s, e, now, out) {
  switch (e.type) {
    case 'ready':
      s.ready = true;
      s.canSave = e.canSave;
      s.dirty = e.dirty;
      s.lastInput = now;
      s.checkingUntil = now + CHECK_MS;
      break;
    case 'open':
      forgetSocket(s);
      s.helloAt = s.heardAt = now;
      s.sent = doing(s);
      // "many" is for servers that were updated before this page: they say
      // who came in one frame only to those who know it.
      out.send.push({
        type: 'hello', tab: s.tab, state: s.sent, many: true,
      });
      break;
    case 'closed':
      // What was asked and never answered was lost already.
      if (s.answered) s.lostAt = s.askedAt || now;
      forgetSocket(s);
      if (e.code === CLOSE_SIGNED_OUT) s.signedOut = true;
      break;
    case 'wake':
      s.lostAt = now;
      s.checkingUntil = now + CHECK_MS;
      forgetSocket(s);
      break;
    case 'check':
      ask(s, now, out);
      break;
    case 'frame':
      s.heardAt = now;
      s.askedAt = 0;
      s.askedTwice = false;
      takeFrame(s, e.frame, now, out);
      break;
    case 'input':
      s.lastInput = now;
      break;
    case 'dirty':
      s.dirty = e.dirty;
      break;
    case 'visible':
      s.visible = e.visible;
      s.lastInput = now;
      s.tried = 0;
      if (e.visible) ask(s, now, out);
      break;
    case 'submitted':
      s.submittedAt = now + s.offset;
      if (s.hello?.saves === 'click') {
        out.send.push({ type: 'content_updated' });
      }
      break;
    case 'stopped':
      stop(s, e.why, now);
      break;
    case 'refused':
      sentBack(s, '', out);
      break;
    case 'held':
      s.saveHeld = e.what;
      break;
    case 'known':
      // The page has what was saved by then.
      s.known = Math.max(s.known, e.at);
      break;
    case 'draft':
      s.stored = e.stored;
      s.restoring = s.restoring && e.stored;
      break;
    case 'notice':
      notify(s, e.text, 'warning');
      break;
    case 'act':
      act(s, e.name, e.arg, now, out);
      if (out.send.length && !s.greeted) {
        out.send.length = 0;
        s.claim = 0;
        notify(s, 'error_unavailable', 'warning');
      }
      break;
    default: // tick
  }
}

/** @param {State} s */
export function doing(s) {
  if (!s.visible || s.idle) return 'idle';
  return s.dirty ? 'dirty' : 'viewing';
}

/**
 * I stopped being the editor, or am it again.
 *
 * @param {State} s
 * @param {Mode} mode
 * @param {Out} out
 */
function followLock(s, mode, out) {
  if (mode === 'editor') {
    s.had = !s.resting;
    s.ousted = null;
    // It is on the page, where it can be saved.
    if (s.kept && !s.stored) out.effects.push('drop');
    s.kept = false;
    return;
  }
  const { had, loss } = s;
  s.had = false;
  s.loss = null;
  if (!had) return;
  if (s.dirty) {
    s.ousted = {
      kind: loss?.kind ?? (mode === 'other_tab' ? 'moved' : 'lost'),
      name: (loss ?? s.lock?.editor)?.name ?? '',
      reason: loss?.reason ?? '',
    };
  } else if (loss && !loss.quiet) {
    const { kind, name, reason } = loss;
    notify(s, `lost_${kind === 'lost' ? reason : kind}`, 'warning',
      { name, reason });
  }
}

/**
 * Whether the page may be put back to what is saved.
 *
 * @param {State} s
 */
function mayReload(s) {
  const save = newer(s);
  const { mode } = s.shown;
  // Who waits would lose the place in the line.
  return !!save && save.action !== 'delete' && s.keepFor !== save.at &&
    s.phase === 'live' && s.visible && !s.dirty && !s.saveHeld &&
    !s.restoring && mode !== 'waiting' && mode !== 'offered';
}

/**
 * What follows, whatever has happened.
 *
 * @param {State} s
 * @param {number} now
 * @param {Out} out
 */
function settle(s, now, out) {
  if (!s.ready) return;
  if (s.claim && now >= s.claim + CLAIM_MS) {
    s.claim = 0;
    s.tried = now;
  }
  if (wantsClaim(s, now)) claim(s, now, out);

  s.phase = phaseOf(s, now);
  if (s.phase !== 'checking' && s.answered) s.checkingUntil = 0;
  if (s.answered && !s.claim) {
    const mode = modeOf(s);
    s.shown = { mode, editor: s.lock ? s.lock.editor : null };
    followLock(s, mode, out);
  }
  watch(s, now, out);
  const { mode } = s.shown;
  if (s.phase === 'offline' || s.phase === 'signed_out') s.locked = false;
  else if (s.phase !== 'checking') {
    s.locked = mode !== 'editor' && mode !== 'none' && mode !== 'view_only';
  }
  if (s.locked && s.dirty && !s.kept) {
    s.kept = true;
    out.effects.push('keep');
  }
  if (s.restoring && !s.locked && s.phase !== 'checking') {
    s.restoring = false;
    out.effects.push('restore');
  }

  s.idle = now >= s.lastInput + IDLE_MS;
  const state = doing(s);
  if (s.sent && s.sent !== state) {
    s.sent = state;
    out.send.push({ type: 'state', state });
  }

  if (s.saveHeld === 'checking' && s.phase !== 'checking' &&
    !isUnsure(s, now)) {
    const what = decide(s, '', now);
    s.saveHeld = null;
    if (what === 'pass') out.effects.push('submit');
    else stop(s, what, now);
  }
  if (s.saveHeld === 'newer' && !newer(s)) s.saveHeld = null;

  s.reloadAt = mayReload(s)
    ? Math.max(s.lastInput, s.newerAt) + RELOAD_MS : null;
  if (s.reloadAt && now >= s.reloadAt && !out.effects.includes('reload')) {
    out.effects.push('reload');
  }
}

/**
 * @param {State} before
 * @param {Event} event
 * @param {number} now
 * @returns {Out & {state: State}}
 */
export function reduce(before, event, now) {
  const state = { ...before };
  /** @type {Out} */
  const out = { send: [], effects: [] };
  take(state, event, now, out);
  settle(state, now, out);
  return { state, ...out };
}

/**
 * When time alone changes something, for a tick then; Infinity: never.
 *
 * @param {State} s
 * @param {number} now
 */
export function nextTick(s, now) {
  const { lock } = s;
  const times = [
    s.checkingUntil,
    s.answered ? 0 : s.lostAt + QUIET_MS,
    s.lastInput + IDLE_MS,
    watchAt(s),
    s.claim ? s.claim + CLAIM_MS : 0,
    s.tried ? s.tried + CLAIM_AGAIN_MS : 0,
    lock?.previous?.until ?? 0,
    s.reloadAt || 0,
  ];
  return Math.min(...times.filter((t) => t > now), Infinity);
}
