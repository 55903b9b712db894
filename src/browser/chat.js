/**
 * Chat: a window for each talk at the page's lower corner, and a button there
 * while messages wait to be read. Whom to talk to is chosen in the list of who
 * is here. A message never opens a window and never moves the focus.
 */
import { makeStore } from './chatstore.js';
import { h, icon, patch, sign } from './dom.js';
import { canChat, face } from './people.js';
import { same } from './state.js';

/**
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').UserId} UserId
 * @typedef {import('./types.js').Actions} Actions
 * @typedef {import('./types.js').ChatFrame} ChatFrame
 * @typedef {import('./i18n.js').I18n} I18n
 * @typedef {import('./chatstore.js').Talk} Talk
 */

const MESSAGE_MAX = 5000;

/**
 * @param {HTMLElement} box
 * @param {I18n} i18n
 * @param {Actions} actions
 * @param {string} page              the path, to keep talks apart
 * @param {(text: string) => void} announce
 * @param {() => void} changed       something is new, or was read
 * @param {() => void} back          takes the focus of a closed window
 */
export function makeChat(box, i18n, actions, page, announce, changed, back) {
  const { t } = i18n;
  const store = makeStore(page);
  /** @type {View} */
  let view;

  /** @param {UserId} id */
  const windowOf = (id) => [...box.querySelectorAll('.cb-win')].find((w) =>
    same(/** @type {HTMLElement} */ (w).dataset.user, id));

  /** Draws, and shows the last lines. */
  const redrawAll = () => {
    redraw();
    for (const log of box.querySelectorAll('.cb-log')) {
      log.scrollTop = log.scrollHeight;
    }
  };

  /** @param {UserId} id */
  const show = (id) => {
    const who = [...view.people, ...store.talks].find((p) =>
      same(p.user_id, id));
    if (who) store.open(who, true);
    redrawAll();
    const there = windowOf(id);
    /** @type {HTMLElement|null|undefined} */ (there?.querySelector(
      'textarea:enabled') || there?.querySelector('button'))?.focus();
  };

  /** @param {Talk} talk */
  const close = (talk) => {
    store.open(talk, false);
    redraw();
    back();
  };

  /** @param {Talk} talk */
  const send = (talk) => {
    const input = /** @type {HTMLTextAreaElement} */ (
      windowOf(talk.user_id)?.querySelector('textarea'));
    const text = input.value.trim();

    if (!text) return;
    if (actions.sendChat(talk.user_id, text)) {
      store.say(talk.user_id, text);
      input.value = '';
    } else {
      announce(t('chat_cannot_send_message'));
    }
    redrawAll();
    input.focus();
  };

  /** @param {Talk} talk */
  const win = (talk) => {
    const { user_id, name, messages } = talk;
    const label = `${t('chat')}: ${name}`;
    const disabled = view.phase !== 'live' || !view.people.some((p) =>
      same(p.user_id, user_id) && p.state !== 'none');

    return h('div', { class: 'cb-card cb-win', key: user_id, role: 'group',
      'aria-label': label, 'data-user': user_id,
      onkeydown(/** @type {KeyboardEvent} */ e) {
        // Enter also ends the input of a Japanese word.
        if (e.isComposing) return;
        if (e.key === 'Escape') close(talk);
        if (e.key === 'Enter' && !e.shiftKey &&
          /** @type {Element} */ (e.target).matches('textarea')) {
          e.preventDefault();
          send(talk);
        }
      } },
    h('div', { class: 'cb-head' },
      face(talk),
      h('span', { class: 'cb-entry' },
        h('b', null, name),
        h('span', { class: 'cb-sub' }, t(disabled
          ? 'chat_offline_status_text' : 'chat_online_status_text'))),
      h('button', { type: 'button', class: 'cb-btn cb-bare',
        'aria-label': t('close'), title: t('close'),
        onclick: () => close(talk) }, sign('', '×'))),
    h('div', { class: 'cb-log', role: 'log', tabindex: '0',
      'aria-label': label },
    messages.length < 1 && i18n.texts.chat_start_conversation_text,
    messages.map((m) => h('div', { class: m.mine ? 'cb-msg cb-mine'
      : 'cb-msg' },
    h('span', { class: 'cb-sr' }, m.mine ? t('you') : name),
    h('div', { class: 'cb-said', dir: 'auto' }, m.text),
    h('span', { class: 'cb-sub' }, m.sent ? i18n.clock(m.when) : '…')))),
    h('div', { class: 'cb-say' },
      h('textarea', { rows: 2, disabled, dir: 'auto', 'aria-label': label,
        maxlength: view.settings.chat_message_max || MESSAGE_MAX,
        placeholder: t(disabled ? 'chat_offline_placeholder'
          : 'chat_input_placeholder') }),
      h('button', { type: 'button', class: 'cb-btn cb-primary', disabled,
        onclick: () => send(talk) }, t('send'))));
  };

  function redraw() {
    const unread = store.unread();
    const waits = store.talks.find((o) => o.unread > 0);

    patch(box, canChat(view) ? [
      waits && h('button', { type: 'button', class: 'cb-btn cb-launch',
        onclick: () => show(waits.user_id) },
      icon('chat'), t('unread', {}, unread)),
      ...store.talks.filter((o) => o.open).map(win),
    ] : []);
    changed();
  }

  return {
    show,
    unread: store.unread,
    /** @param {View} next */
    render(next) {
      const first = !view || !view.you;
      view = next;
      if (view.you) store.setMe(view.you.user_id);
      if (first) redrawAll();
      else redraw();
    },
    /** @param {ChatFrame} frame */
    receive(frame) {
      // The frame has the login name, as the base protocol wants it.
      const who = view && view.people.find((p) =>
        same(p.user_id, frame.sender_id));
      const talk = store.receive(who ? { ...frame, sender_name: who.name }
        : frame);
      if (!view || !canChat(view)) return;
      redrawAll();
      // An open window is a log, which reads itself.
      if (talk) announce(t('unread', {}, talk.unread) + ', ' + talk.name);
    },
  };
}
