/**
 * Ties the parts together: what happens goes into the state, and what follows
 * from it goes to the socket, the form and the user interface.
 */
import { requestedAt } from './clock.js';
import { createCompare } from './compare.js';
import {
  copyText, draftText, forgetDraft, hasDraft, joinDrafts, loadDraft,
  purgeDrafts, storeDraft,
} from './drafts.js';
import { createForm } from './form.js';
import { createLink } from './link.js';
import { socketUrl } from './page.js';
import {
  hasFailed, markSubmit, rememberBase, rememberPlace, rememberSeen,
  restorePlace, seen, signForm, takeBase, takeRefusal, takeSubmit,
} from './saves.js';
import * as session from './session.js';
import { decide, initial, isMe, newer, nextTick, reduce } from './state.js';
import { makePlace, mount } from './ui.js';
import { viewOf } from './view.js';

/**
 * @typedef {import('./state.js').Event} Event
 * @typedef {import('./types.js').Actions} Actions
 */

const INPUT_MS = 1000;
const BEAT_MS = 20000;
/** Timers of hidden pages run once a minute: this is more, it was asleep. */
const ASLEEP_MS = 120000;
/** A timer's number of milliseconds has 31 bits. */
const TIMER_MAX_MS = 2 ** 31 - 1;

// There is one page, and one of each of these. connect() and show() set them.

/** @type {import('./state.js').State} */
let state;
/** @type {ReturnType<typeof createLink>} */
let link;
/** @type {import('./types.js').Ui|null} */
let ui = null;
/** @type {import('./types.js').Place|null} */
let place = null;
/** @type {import('./form.js').Form|null} */
let form = null;
/** @type {ReturnType<typeof createCompare>|null} */
let compare = null;
/** @type {HTMLFormElement|null} */
let element = null;
/** URL of the static files, ends in "/". */
let base = '';
/** Of the object, for what the tab remembers. */
let key = '';
/** The page goes, and what is typed may go with it. */
let leaving = false;
let asksFirst = false;
let draftSought = false;
let painted = '';
/** @type {Event[]} */
const queue = [];
let busy = false;
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

/** A tab's id goes from page to page, but not into a duplicate of the tab. */
const tabId = () => session.take('tab') || Array.from(
  crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('');

const userId = () => state.hello?.you.user_id;

function keepDraft() {
  if (!form?.isDirty() || !state.hello) return;
  const fields = form.typed();
  storeDraft(userId(), key, joinDrafts(
    { fields, ...form.changes() },
    state.stored ? loadDraft(userId(), key) : null));
}

const dropDraft = () => forgetDraft(userId(), key);

/** It is in the form again. */
function dropped() {
  dropDraft();
  dispatch({ type: 'draft', stored: false });
}

/** What an earlier page has left, as soon as we know who is here. */
function seekDraft() {
  if (draftSought || !form || !state.hello) return;
  draftSought = true;
  purgeDrafts(userId());
  const draft = loadDraft(userId(), key);
  if (!draft) return;
  if (form.shows(draft.fields)) dropDraft();
  else dispatch({ type: 'draft', stored: true });
}

/** @param {boolean} discard  what is typed goes */
function reload(discard) {
  if (leaving) return;
  if (discard) dropDraft();
  else if (state.locked || state.signedOut) keepDraft();
  rememberPlace(key);
  // An editor's text is not ours to throw away: the browser asks.
  leaving = discard || state.locked || !form?.isDirty();
  // Firefox would put what was typed into the new page.
  if (leaving && element && form?.isDirty()) {
    HTMLFormElement.prototype.reset.call(element);
  }
  location.reload();
}

/** @type {Record<import('./state.js').Effect, () => void>} */
const effects = {
  reload() {
    form?.check();
    // Typed a moment ago: not by itself, then.
    if (!form?.isDirty() || !state.reloadAt) reload(false);
  },
  discard: () => reload(true),
  // Who wants to save anyway is not asked a second time.
  submit: () => form?.submit(state.warned?.at === 0),
  compare: () => compare?.update(),
  keep: keepDraft,
  drop: dropDraft,
  restore() {
    const draft = loadDraft(userId(), key);
    if (draft) compare?.restore(draft, dropped);
    else dropped();
  },
  reconnect: () => link.connect(),
  lose: () => link.lose(),
  sentBack() {
    markSubmit(key, 0);
    takeRefusal(state.tab);
  },
};

/** @param {BeforeUnloadEvent} e */
function askFirst(e) {
  if (leaving || form?.isSubmitting()) return;
  e.preventDefault();
  e.returnValue = '';
}

/** @param {number} now */
function paint(now) {
  // Only while there is need: it keeps pages out of the back-forward cache.
  if (asksFirst !== state.dirty) {
    asksFirst = state.dirty;
    const change = asksFirst ? addEventListener : removeEventListener;
    change('beforeunload', askFirst);
  }
  if (!ui) return;
  const view = viewOf(state, now);
  const text = JSON.stringify(view);
  if (text === painted) return;
  painted = text;
  ui.render(view);
}

/** @param {Event} event */
function dispatch(event) {
  queue.push(event);
  if (busy) return;
  busy = true;
  for (let next = queue.shift(); next; next = queue.shift()) {
    const result = reduce(state, next, Date.now());
    state = result.state;
    result.send.forEach(link.send);
    form?.lock(state.locked);
    for (const effect of result.effects) effects[effect]();
    seekDraft();
  }
  busy = false;
  const now = Date.now();
  paint(now);
  clearTimeout(timer);
  timer = setTimeout(() => dispatch({ type: 'tick' }),
    Math.min(nextTick(state, now) - now, TIMER_MAX_MS));
}

/** @param {any} frame */
function onFrame(frame) {
  // What was typed a moment ago counts, if this is how the lock is lost.
  if (frame.type === 'lock') form?.check();
  dispatch({ type: 'frame', frame });
  if (!state.greeted || !ui) return;
  if (frame.type === 'chat_message') ui.chat(frame);
  else if (frame.type === 'badges') ui.badges(frame.objects);
  else if (frame.type === 'badge') ui.badge(frame.object, frame.editor);
}

/** @returns {Actions} */
function makeActions() {
  const names = ['claim', 'moveHere', 'requestEdit', 'cancelRequest',
    'handOver', 'later', 'takeOver', 'release', 'reload', 'keepPage',
    'saveAnyway', 'cancelSave', 'compare', 'restoreDraft', 'dropDraft', 'dismiss',
    'retry'];
  return /** @type {Actions} */ (/** @type {unknown} */ ({
    ...Object.fromEntries(names.map((name) => [name,
      /** @param {any} arg */
      (arg) => dispatch({ type: 'act', name, arg })])),
    async copyDraft() {
      const fields = loadDraft(userId(), key)?.fields ?? form?.typed() ?? [];
      const done = await copyText(draftText(fields));
      if (!done) dispatch({ type: 'notice', text: 'copy_failed' });
      return done;
    },
    /**
     * @param {import('./types.js').UserId} to
     * @param {string} message
     */
    sendChat: (to, message) => state.greeted &&
      link.send({ type: 'chat_message', recipient_id: to, message }),
  }));
}

/** @returns {import('./compare.js').Host} */
function compareHost() {
  const actions = makeActions();
  return {
    settings: () => state.hello?.settings ?? {},
    who() {
      const save = newer(state);
      return save && !isMe(state, save.user_id) ? save.name : '';
    },
    tools: () => /** @type {import('./types.js').Ui} */ (ui).tools,
    load: () => import(base + __PANEL_URL__),
    hold: (what) => dispatch({ type: 'held', what }),
    held: () => state.saveHeld === 'comparing',
    count: (result) => link.send({ type: 'save_check', result }),
    failed() {
      const what = decide(state, '', Date.now());
      if (what === 'pass') form?.submit(true);
      else dispatch({ type: 'stopped', why: what });
    },
    sorry: () => dispatch({ type: 'notice', text: 'error' }),
    newest() {
      const at = state.last?.at ?? 0;
      return () => dispatch({ type: 'known', at });
    },
    keep: keepDraft,
    copy: actions.copyDraft,
    retry: actions.retry,
  };
}

function wake() {
  dispatch({ type: 'wake' });
  link.connect();
}

function onLeave() {
  session.put('tab', state.tab);
  if (state.last) rememberSeen(key, state.last.at);
  if (state.locked && !leaving) keepDraft();
  if (state.shown.mode === 'editor') {
    link.send({ type: 'release_lock', grace: true });
  }
  link.close();
}

/** What the browser tells about the page. */
function listen() {
  addEventListener('pageshow', (e) => {
    if (!e.persisted) return;
    session.take('tab');
    leaving = false;
    wake();
  });
  document.addEventListener('resume', wake);
  addEventListener('offline', () => link.lose());
  addEventListener('online', () => {
    if (!state.greeted) link.connect();
    else dispatch({ type: 'check' });
  });
  document.addEventListener('visibilitychange', () => {
    const visible = !document.hidden;
    if (visible && !state.greeted) link.connect();
    dispatch({ type: 'visible', visible });
  });

  let lastInput = 0;
  for (const type of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
    document.addEventListener(type, () => {
      if (Date.now() - lastInput < INPUT_MS) return;
      lastInput = Date.now();
      dispatch({ type: 'input' });
    }, { capture: true, passive: true });
  }

  let beat = Date.now();
  setInterval(() => {
    if (Date.now() - beat > ASLEEP_MS) wake();
    beat = Date.now();
  }, BEAT_MS);
}

/**
 * Opens the socket, which takes longer than all the rest: before there is a
 * document, if possible.
 *
 * @param {import('./types.js').PageId} page
 * @param {string} url  of the static files, ends in "/"
 */
export function connect(page, url) {
  base = url;
  link = createLink(socketUrl(base, page), {
    open() {
      dispatch({ type: 'open' });
      // Firefox closes the socket when a form is sent.
      if (takeRefusal(state.tab)) dispatch({ type: 'refused' });
    },
    closed: (code) => dispatch({ type: 'closed', code }),
    frame: onFrame,
  });
  link.connect();

  key = `${page.app}.${page.model}/${page.object}`;
  state = initial({
    page,
    mark: page.page === 'change' ? takeSubmit(key, Date.now()) : 0,
    tab: tabId(),
    pageAt: requestedAt(),
    seen: seen(key),
    visible: !document.hidden,
  }, Date.now());
  addEventListener('pagehide', onLeave);
}

/**
 * There is nothing here for us. The socket is closed; connect() may not be
 * called again.
 */
export function stop() {
  removeEventListener('pagehide', onLeave);
  link.close();
  place?.remove();
}

/**
 * Makes room for the bar, so that nothing on the page moves when it comes.
 *
 * @param {Element|null} before  what it goes before
 */
export function reserve(before) {
  place = makePlace(state.page, base, before, hasDraft(key));
}

/**
 * The document is there: from here on things are seen, and done.
 *
 * @param {HTMLFormElement|null} el  the admin's form; null on lists
 */
export function show(el) {
  const { page, mark } = state;
  const canSave = page.page === 'change' && !!el &&
    Array.from(el.elements).some((e) => e.getAttribute('name') === '_save');
  if (canSave && el) {
    element = el;
    form = createForm(el, hasFailed(mark), takeBase(key), {
      dirty(dirty) {
        if (dirty) compare?.warm();
        dispatch({ type: 'dirty', dirty });
      },
      decide(button, checked) {
        const own = decide(state, button, Date.now());
        const what = compare?.decide(button, own, checked) ?? own;
        if (what === 'pass' && state.greeted) signForm(state.tab);
        return what;
      },
      stopped(why) {
        if (why === 'check') {
          compare?.save();
          return;
        }
        if (why === 'refuse') keepDraft();
        dispatch({ type: 'stopped', why });
      },
      submitted() {
        dispatch({ type: 'submitted' });
        markSubmit(key, state.submittedAt);
        rememberBase(key, form?.base() ?? null);
        // It may lead to a login page instead.
        keepDraft();
      },
    });
    compare = createCompare(el, form, compareHost());
  }
  // What it sends is answered while the rest is made.
  dispatch({ type: 'ready', canSave, dirty: !!form?.isDirty() });
  if (!place) {
    reserve(el ?? document.getElementById('changelist') ??
      document.getElementById('result_list'));
  }
  ui = mount({
    page, base,
    place: /** @type {import('./types.js').Place} */ (place),
    actions: makeActions(),
    language: document.documentElement.lang,
  });
  paint(Date.now());
  restorePlace(key);
  listen();
}
