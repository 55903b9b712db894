/**
 * All that is seen: mounts the parts, gives each View to them, and says in the
 * live regions what has changed.
 */
import { makeAnnouncer } from './announce.js';
import { makeBadges } from './badges.js';
import { makeBar, sayNotice, sayOusted, SHORTCUT } from './bar.js';
import { makeChat } from './chat.js';
import { h, patch } from './dom.js';
import { choose, makeI18n } from './i18n.js';
import en from './lang/en.json';
import { makePeople } from './people.js';
import { watchTheme } from './theme.js';

/**
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').MountOptions} MountOptions
 * @typedef {import('./types.js').Ui} Ui
 * @typedef {import('./i18n.js').I18n} I18n
 */

/** How long the first words wait for the language of the page. */
const LANGUAGE_WAIT_MS = 100;

/**
 * Heights of the bar in rem, and the width in px up to which it has two lines.
 * The same numbers are in client.css: it must not grow when that arrives.
 */
export const RESERVE = { wide: 2.875, narrow: 5.5, slim: 2.25, draft: 2.6875,
  draftNarrow: 4.5, below: 560 };

/**
 * Puts our style sheet somewhere. Done when it is there, or will not come: a
 * page without our style must still be usable.
 *
 * @param {string} href
 * @param {Node} where
 * @returns {Promise<unknown>}
 */
const addStyle = (href, where) => new Promise((done) => {
  const link = document.createElement('link');

  Object.assign(link, { rel: 'stylesheet', href, onload: done, onerror: done });
  where.appendChild(link);
});

/**
 * An element with a shadow root, and the box in it for what is shown.
 *
 * @param {string} name
 * @param {string} href   of the style sheet
 */
function shadow(name, href) {
  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const box = document.createElement('div');

  Object.assign(host, { id: 'collabd-' + name, className: 'cb-host' });
  host.style.visibility = 'hidden';
  const styled = addStyle(href, root).then(() => {
    host.style.visibility = '';
  });
  box.className = 'cb-box cb-' + name;
  root.append(box);
  return { host, box, styled };
}

/**
 * An empty box as high as a row of the bar: two halves, one below the other
 * where the bar is narrow. To ask how wide it is would cost a layout of a page
 * that is not there yet.
 *
 * @param {number} wide    heights in rem
 * @param {number} narrow
 */
function emptyRow(wide, narrow) {
  const row = document.createElement('div');
  const half = document.createElement('div');

  Object.assign(row.style, { display: 'flex', flexWrap: 'wrap',
    minHeight: wide + 'rem' });
  // With the border of the bar, whose lines are 1px.
  half.style.flex = `1 0 ${RESERVE.below / 2 + 1.5}px`;
  half.style.height = narrow / 2 + 'rem';
  row.append(half, half.cloneNode());
  return row;
}

/**
 * A place for the bar, as high as it will be, so that nothing on the page
 * moves; and the style sheet, on its way.
 *
 * @param {import('./types.js').PageId} page
 * @param {string} base          URL of the static files, ends in "/"
 * @param {Element|null} before  what it goes before; null: it is not shown
 * @param {boolean} hasDraft     a draft may be found: room for its row
 * @returns {import('./types.js').Place}
 */
export function makePlace(page, base, before, hasDraft) {
  const bar = document.createElement('div');
  const room = document.createElement('div');
  const slim = page.page !== 'change';
  const { wide, narrow, draft, draftNarrow } = RESERVE;
  const styled = addStyle(base + __CSS_URL__, document.head);

  Object.assign(bar, { id: 'collabd-bar', tabIndex: -1 });
  bar.setAttribute('role', 'region');
  bar.setAttribute('aria-keyshortcuts', SHORTCUT);
  bar.toggleAttribute('data-slim', slim);
  bar.style.display = 'none';
  room.style.clear = 'both';
  room.style.marginBottom = slim ? '.5rem' : '1rem';
  room.append(emptyRow(slim ? RESERVE.slim : wide, slim ? 0 : narrow));
  if (hasDraft) room.append(emptyRow(draft, draftNarrow));
  if (before) before.before(bar, room);
  return {
    bar, styled,
    show() {
      room.remove();
      bar.style.display = '';
    },
    remove() {
      room.remove();
      bar.remove();
    },
  };
}

/**
 * Teaches the language of the page, if there is one.
 *
 * @param {MountOptions} options
 * @param {I18n} i18n
 * @returns {Promise<string>} the one that is spoken
 */
async function learn({ language, base }, i18n) {
  const code = choose(language, Object.keys(__LANG_URLS__));
  try {
    if (code === 'en') throw 0;
    i18n.use(language, await (await fetch(base + __LANG_URLS__[code])).json());
    return code;
  } catch {
    // English is better than nothing.
    if (/^en/i.test(language)) i18n.use(language, Object.values(en));
    return 'en';
  }
}

/**
 * What a new View changes for the user, in words.
 *
 * @param {View|null} was
 * @param {View} view
 * @param {I18n} i18n
 * @param {string} words    of the bar, if they are new
 */
function news(was, view, i18n, words) {
  const notices = view.notices.filter((n) =>
    !was || !was.notices.some((o) => o.id === n.id));
  /** @param {Notice} n */
  const bad = (n) => n.tone === 'error' || n.text.startsWith('lost_');
  /** @param {Notice} n */
  const text = (n) => sayNotice(i18n, n);
  const alerts = notices.filter(bad).map(text);
  const status = notices.filter((n) => !bad(n)).map(text);
  // That I am the editor at once is as expected.
  const start = !was || was.phase === 'checking';

  if (view.ousted && !(was && was.ousted)) {
    alerts.push(sayOusted(i18n, view.ousted));
  }
  if (words && view.phase !== 'checking' &&
    !(start && view.mode === 'editor' && view.line.length < 1)) {
    status.push(words);
  }
  return { alert: alerts.join(' '), status: status.join(' ') };
}

/** @typedef {import('./types.js').Notice} Notice */

/**
 * Fills the bar, and puts what belongs to it onto the page.
 *
 * @param {MountOptions} options
 * @returns {Ui}
 */
export function mount(options) {
  const { page, place, actions } = options;
  const css = options.base + __CSS_URL__;
  const element = place.bar;
  const who = shadow('people', css);
  const talk = shadow('chat', css);
  const host = document.createElement('div');
  const roots = [element, host, who.host, talk.host];
  const status = makeAnnouncer('status');
  const alert = makeAnnouncer('alert');
  const i18n = makeI18n(en);
  const bar = makeBar(element, page.popup ? null : who.host, i18n, actions);
  const chat = makeChat(talk.box, i18n, actions, location.pathname, status,
    () => people.redraw(), () => people.focus());
  const people = makePeople(who.box, i18n, actions, chat);
  const badges = page.page === 'list'
    ? makeBadges(i18n, location.pathname) : null;
  let ready = false;
  /** @type {View|null} */
  let view = null;
  /** @type {View|null} */
  let shown = null;
  let words = '';
  let measured = false;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let clock;

  // A popup has no faces: what is not on the page does not load.
  const styled = Promise.all([place.styled, page.popup || who.styled]);
  document.body.append(talk.host);
  Object.assign(host, { id: 'collabd-panel', tabIndex: -1, hidden: true });
  host.setAttribute('role', 'group');
  host.setAttribute('aria-labelledby', 'collabd-panel-title');
  element.after(host);
  watchTheme(element.parentElement || document.body, roots);

  const draw = () => {
    if (!ready || !view) return;
    i18n.texts = view.settings.texts || {};
    bar.render(view);
    people.render(view);
    chat.render(view);
    const line = bar.now();
    const said = news(shown, view, i18n, line.text === words ? ''
      : line.text + (/warn|good/.test(line.tone) ? ` (${SHORTCUT})` : ''));
    if (said.alert) alert(said.alert);
    else if (said.status) status(said.status);
    words = line.text;
    if (!shown) styled.then(place.show);
    if (view.phase === 'live' && !measured) {
      measured = true;
      styled.then(() => performance.mark('collabd:first-state'));
    }
    shown = view;
    clearInterval(clock);
    if (line.until) clock = setInterval(bar.redraw, 1000);
  };

  /** @param {string} code */
  const speak = (code) => {
    for (const root of roots) root.lang = code;
    element.setAttribute('aria-label', `${i18n.t('region')} (${SHORTCUT})`);
    ready = true;
    // The same in another language is no news.
    if (view && shown) words = bar.now().text;
    draw();
    if (badges) badges.soon();
  };

  learn(options, i18n).then(speak);
  setTimeout(() => ready || speak('en'), LANGUAGE_WAIT_MS);
  return {
    tools: { host, i18n, h, patch },
    render(next) {
      view = next;
      draw();
    },
    chat: chat.receive,
    badges: (objects) => badges && badges.setAll(objects),
    badge: (object, editor) => badges && badges.setOne(object, editor),
  };
}
