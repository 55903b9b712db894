/**
 * Who is here: avatars in the bar, and the list that a button opens. Joins and
 * leaves are shown, not announced.
 */
import { h, icon, patch, sign } from './dom.js';
import { same } from './state.js';

/**
 * @typedef {import('./types.js').Person} Person
 * @typedef {import('./types.js').Who} Who
 * @typedef {import('./types.js').UserId} UserId
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').Actions} Actions
 * @typedef {import('./i18n.js').I18n} I18n
 * @typedef {import('./dom.js').VNode} VNode
 * @typedef {import('./dom.js').Icon} Icon
 */

const AVATARS_MAX = 5;

/**
 * White letters are readable on each, and each is seen on white and on black:
 * tests/browser/unit/ui.test.mjs measures it.
 */
export const COLOURS = ['#417690', '#8a5a9e', '#b3473f', '#3f7f56', '#94681c',
  '#4a6bb8', '#a64b7a', '#2b7f86'];

/**
 * A colour for a user, the same on every page.
 *
 * @param {UserId} id
 */
export function colour(id) {
  let sum = 0;
  for (const c of String(id)) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return COLOURS[sum % COLOURS.length];
}

/**
 * The first letters of the first and the last word.
 *
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[\s.@_-]+/).filter(Boolean);
  return words.filter((_, n) => n === 0 || n === words.length - 1)
    .map((w) => [...w][0]).join('').toUpperCase();
}

/** @param {View} view */
export const canChat = (view) => view.settings.enable_chat !== false &&
  !view.popup && !!view.you;

/**
 * A face: initials on a colour, and a picture over them if there is one. Says
 * nothing by itself.
 *
 * @param {Who & {avatar_url?: string|null}} who
 */
export const face = ({ user_id, name, avatar_url: src }) =>
  sign('cb-face', initials(name), colour(user_id),
    src && h('img', { src, alt: '', key: src,
      onerror: (/** @type {Event} */ e) =>
        /** @type {Element} */ (e.target).remove() }));

/**
 * What somebody does here.
 *
 * @param {Person} person
 * @param {View} view
 * @returns {[icon: Icon, words: string]}
 */
export function doing({ user_id, state }, { editor }) {
  if (state === 'dirty') return ['pencil', 's_dirty'];
  if (state === 'idle') return ['moon', 's_idle'];
  return editor && same(editor.user_id, user_id) ? ['pencil', 's_editor']
    : ['eye', 's_viewing'];
}

/**
 * @param {HTMLElement} box
 * @param {I18n} i18n
 * @param {Actions} actions
 * @param {{show: (id: UserId) => void, unread: (id?: UserId) => number}} chat
 */
export function makePeople(box, i18n, actions, chat) {
  const { t, number } = i18n;
  let open = false;
  /** @type {View} */
  let view;

  const button = () => /** @type {HTMLElement|null} */ (
    box.querySelector('.cb-who'));
  const focus = () => button()?.focus();

  /** @param {boolean} on */
  const toggle = (on) => {
    open = on;
    redraw();
  };

  /** @param {UserId} id */
  const isMe = (id) => !!view.you && same(id, view.you.user_id);

  /** @param {number} unread */
  const news = (unread) => unread > 0 && ', ' + t('unread', {}, unread);
  /** @param {number} n */
  const count = (n) => n > 0 && sign('cb-count', number(n));

  /**
   * What can be seen, and the same in words.
   *
   * @param {Person} p
   */
  const look = (p) => {
    const [picture, words] = doing(p, view);
    return {
      name: p.name + (isMe(p.user_id) ? ` (${t('you')})` : ''),
      words: t(words),
      mark: h('span', { class: 'cb-mark' + (p.state === 'dirty'
        ? ' cb-dot' : '') }, icon(picture)),
    };
  };

  /** @param {Person} p */
  const entry = (p) => {
    const { user_id } = p;
    const { name, words, mark } = look(p);
    const talks = canChat(view) && p.state !== 'none' && !isMe(user_id);
    const unread = talks ? chat.unread(user_id) : 0;
    const asks = view.mode === 'editor' &&
      view.line.some((w) => w.asked && same(w.user_id, user_id));
    return h('li', { key: user_id },
      face(p),
      h('span', { class: 'cb-entry' },
        h('b', null, name),
        h('span', { class: 'cb-sub' }, mark, words)),
      asks && h('button', { type: 'button', class: 'cb-btn', key: 'give',
        onclick: () => actions.handOver(user_id) }, t('hand_over')),
      talks && h('button', { type: 'button', class: 'cb-btn cb-bare',
        title: t('chat'),
        'aria-label': `${t('chat')}: ${name}${news(unread) || ''}`,
        onclick() {
          toggle(false);
          chat.show(user_id);
        } }, icon('chat'), count(unread)));
  };

  /** @param {Person} p */
  const avatar = (p) => {
    const { name, words, mark } = look(p);
    const label = `${name}, ${words}`;
    return h('li', { key: p.user_id },
      h('button', { type: 'button', class: 'cb-avatar', title: label,
        'aria-label': label, onclick: () => toggle(!open) },
      face(p), mark));
  };

  function redraw() {
    if (!view) return;
    const { people } = view;
    const rest = people.length - AVATARS_MAX;
    const title = t('who');
    const unread = canChat(view) ? chat.unread() : 0;

    patch(box, people.length > 0 ? [
      h('ul', { class: 'cb-avatars', role: 'list', 'aria-label': title },
        people.slice(0, AVATARS_MAX).map(avatar),
        rest > 0 && h('li', null, '+' + number(rest))),
      h('button', { type: 'button', class: 'cb-btn cb-bare cb-who',
        'aria-expanded': String(open), onclick: () => toggle(!open) },
      icon('people'), h('span', { class: 'cb-wide' }, title + ' '),
      `(${number(people.length)})`,
      h('span', { class: 'cb-sr' }, news(unread)), count(unread)),
      open && h('div', { class: 'cb-pop cb-list', role: 'group',
        'aria-label': title },
      i18n.texts.chat_user_list_title,
      people.length < 2 && i18n.texts.chat_empty_state_text,
      h('ul', { role: 'list', tabindex: '0', 'aria-label': title },
        people.map(entry))),
    ] : [], button);
  }

  box.addEventListener('keydown', (e) => {
    if (open && e.key === 'Escape') {
      toggle(false);
      focus();
    }
  });
  document.addEventListener('pointerdown', (e) => {
    if (open && !e.composedPath().includes(box)) toggle(false);
  });

  return {
    /** @param {View} next */
    render(next) {
      view = next;
      redraw();
    },
    redraw,
    focus,
  };
}
