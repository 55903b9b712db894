/**
 * The bar above the form: one line that says who edits and what can be done
 * about it, and a second one only while text of the user is kept.
 *
 * say() is pure: from a View to words and buttons. The rest puts them there.
 */
import { h, icon, patch } from './dom.js';
import { face } from './people.js';
import { same } from './state.js';

/**
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').Who} Who
 * @typedef {import('./types.js').Notice} Notice
 * @typedef {import('./types.js').Actions} Actions
 * @typedef {import('./i18n.js').I18n} I18n
 * @typedef {import('./dom.js').Icon} Icon
 *
 * @typedef {[act: string, run: () => void, label?: string]} Button
 *   the label, if it is not the text of that key
 * @typedef {'plain'|'info'|'warn'|'good'|'bad'} Tone
 *
 * @typedef {Object} Line
 * @property {Tone} tone
 * @property {Icon} [icon]
 * @property {string} text
 * @property {(Button|null)[]} buttons  the first is the one to press; null:
 *   none is
 * @property {string} [sub]          what is less important
 * @property {Who|null} [who]        whose face is shown
 * @property {number|null} [until]   what is counted down to
 * @property {string} [goesTo]       who is the editor then
 */

export const SHORTCUT = 'Alt+Shift+C';

/** Longer lists of names push the buttons away. */
const NAMES_MAX = 3;
const COPIED_MS = 3000;

/**
 * What the bar says: the one thing that matters most now.
 *
 * @param {View} view
 * @param {I18n} i18n
 * @param {Actions} actions
 * @param {() => void} askReason   opens the form for a take-over
 * @returns {Line}
 */
export function say(view, i18n, actions, askReason) {
  const { t, list, number } = i18n;
  const { mode, phase, editor, newer, people, settings, countdown } = view;
  const asking = view.line.filter((w) => w.asked);
  const asked = mode === 'editor' && asking.length > 0;
  const writes = mode === 'editor' || mode === 'free';

  /**
   * @param {Tone} tone
   * @param {Icon|undefined} picture
   * @param {string} text
   * @param {(Button|null)[]} [buttons]
   * @param {Partial<Line>} [more]
   * @returns {Line}
   */
  const line = (tone, picture, text, buttons = [], more) =>
    ({ tone, icon: picture, text, buttons, ...more });

  /** @type {Button[]} */
  const over = view.mayTakeOver && editor
    ? [['take_over', askReason, t('take_over') + '…']] : [];
  /** @type {Button} */
  const reload = ['reload', actions.reload];
  /** @type {Button} */
  const cancelSave = ['cancel', actions.cancelSave];

  // A submit that was stopped.
  if (view.saveHeld === 'checking' || view.saveHeld === 'comparing') {
    return line('info', 'clock', t(view.saveHeld), [cancelSave]);
  }
  if (view.saveHeld === 'newer' || view.saveHeld === 'unseen') {
    return line('bad', 'alert', t('save_refused') + ' ' +
      (newer ? t('newer', { name: newer.name }) : t('elsewhere')),
    [cancelSave, ['save_anyway', actions.saveAnyway]],
    { sub: t('overwrite') });
  }

  // No connection; pages without a lock.
  if (phase === 'signed_out') {
    return line('bad', 'alert', t('signed_out'), view.saveHeld ? []
      : view.dirty ? [['log_in', actions.compare], reload] : [reload]);
  }
  if (view.page !== 'change' || mode === 'view_only') {
    return line('plain', undefined, '');
  }
  if (phase === 'offline') {
    return line('warn', 'alert', t('offline'), [['retry', actions.retry]]);
  }
  if (phase === 'checking') return line('plain', 'clock', t('checking'));

  // What has to be answered.
  if (mode === 'offered') {
    return line('good', 'pencil', t('offered'), [['start', actions.claim],
      ['decline', actions.cancelRequest]],
    { until: view.offer && view.offer.until });
  }
  const names = asking.slice(0, NAMES_MAX).map((w) => w.name);
  const rest = asking.length - names.length;
  const request = t('notification_message', { username:
    list(rest > 0 ? [...names, '+' + number(rest)] : names) }, asking.length);
  // Only where somebody may go on, and nothing would be left behind.
  /** @type {Button[]} */
  const stop = people.length > 1 && !view.dirty
    ? [['stop', actions.release]] : [];
  /** @type {Button[]} */
  const give = asked ? [['hand_over',
    () => actions.handOver(asking[0].user_id),
    t('hand_over') + (names[1] ? ': ' + names[0] : '')]] : [];
  if (asked && countdown) {
    const to = asking.find((w) => same(w.user_id, countdown.user_id));
    return line('warn', 'clock', request, [['later', actions.later,
      t('keep_editing')], ...give], { who: asking[0], until: countdown.until,
      goesTo: to ? to.name : names[0] });
  }
  if (asked && !view.holdUntil) {
    const minutes = Math.round((settings.handover_hold || 300) / 60) || 1;
    return line('warn', 'pencil', request, [...give, ['later', actions.later,
      t('later', {}, minutes)]], { who: asking[0] });
  }

  // A save that this page does not show.
  if (newer) {
    const deleted = newer.action === 'delete';
    /** @type {Button} */
    const keep = ['keep', actions.keepPage];
    return line(writes || view.dirty ? 'warn' : 'info', 'alert',
      t(deleted ? 'newer_deleted' : 'newer', { name: newer.name }),
      view.saveHeld ? [] : view.dirty && !deleted
        ? [['compare', actions.compare], keep]
        : deleted ? [keep] : [reload, keep], {
        sub: [i18n.clock(newer.when), list(newer.fields),
          writes && !deleted && t('overwrite')].filter(Boolean).join(' · '),
        until: view.reloadAt,
      });
  }

  // Who edits.
  switch (mode) {
    case 'editor':
      return line('plain', 'pencil', t('editor_mode_text'), [null, ...give,
        ...stop], {
        sub: asked ? request
          : people.length > 1 ? t('watching', {}, people.length - 1) : '' });
    case 'viewer':
      return line('info', 'eye', t('viewer_mode_text',
        { editor_name: editor ? editor.name : '' }), [['ask',
        actions.requestEdit, t('notification_button_text')], ...over],
      { who: editor });
    case 'waiting':
      return line('info', 'clock', t('place',
        { n: number(view.place || 1) }), [null, ['cancel',
        actions.cancelRequest], ...over], {
        who: editor,
        sub: i18n.texts.notification_request_sent_text ||
          (editor ? t('badge', { name: editor.name }) : ''),
        until: countdown && view.you && same(countdown.user_id,
          view.you.user_id) ? countdown.until : null });
    case 'free':
      return line('info', 'pencil', t(view.headStartUntil
        ? 'claiming_editor_text' : 'free'), [['start', actions.claim]],
      { until: view.headStartUntil });
    case 'other_tab':
      return line('warn', 'pencil', t('other_tab'),
        [['use_here', actions.moveHere]]);
    default:
      return line('plain', undefined, '');
  }
}

/**
 * Why I am not the editor any more.
 *
 * @param {I18n} i18n
 * @param {{kind: string, name: string, reason: string}} ousted
 */
export function sayOusted({ t }, { kind, name, reason }) {
  if (kind === 'taken_over') {
    return t(kind, { name }) + (reason && ` “${reason}”`);
  }
  return t('lost') + ' ' + (kind === 'handed_over' ? t('badge', { name })
    : kind === 'moved' ? t('other_tab') : reason && t(reason));
}

/**
 * @param {I18n} i18n
 * @param {Notice} notice
 */
export function sayNotice(i18n, { text, params }) {
  const { t } = i18n;
  const { name = '', reason = '', message = '' } = params;
  const key = text.replace(/^(error|lost)_/, '');

  if (key === 'taken_over' || key === 'handed_over') {
    return sayOusted(i18n, { kind: key, name, reason });
  }
  if (key === 'silent') return t('lost');
  if (key === 'save_refused' && name) {
    return t(key) + ' ' + t('badge', { name });
  }
  if (key === 'attention') return t('notification_message', { username: name });
  return t(key, params) || message || t('error');
}

/**
 * @param {HTMLElement} bar
 * @param {Element|null} people   stays at the end of the line
 * @param {I18n} i18n
 * @param {Actions} actions
 */
export function makeBar(bar, people, i18n, actions) {
  const { t } = i18n;
  let reasonOpen = false;
  let copied = false;
  /** @type {View} */
  let view;

  const now = () => say(view, i18n, actions, () => toggleReason());

  /** @param {string} selector */
  const focus = (selector) => /** @type {HTMLElement|null} */ (
    bar.querySelector(selector))?.focus();

  function toggleReason() {
    reasonOpen = !reasonOpen;
    redraw();
    focus(reasonOpen ? 'input' : '[data-do=take_over]');
  }

  /**
   * @param {Button|null} button
   * @param {number} [n]
   */
  const button = (button, n) => {
    if (!button) return null;
    const [act, run, label = t(act)] = button;
    return h('button', { type: 'button', key: act, 'data-do': act, onclick: run,
      'aria-expanded': act === 'take_over' && String(reasonOpen),
      class: n ? 'cb-btn' : 'cb-btn cb-primary' }, label);
  };

  /** @param {Line} line */
  const sub = ({ until, sub: words, goesTo: name }) => {
    const time = until ? i18n.span(until - Date.now()) : '';
    return name ? t('goes_to', { name, time })
      : [words, time].filter(Boolean).join(' · ');
  };

  const reasonForm = () =>
    h('form', { class: 'cb-pop cb-over', onsubmit(/** @type {Event} */ e) {
      const input = /** @type {HTMLInputElement} */ (
        bar.querySelector('input'));
      e.preventDefault();
      reasonOpen = false;
      actions.takeOver(input.value.trim());
      redraw();
    } },
    h('input', { type: 'text', maxlength: 200, 'aria-label': t('reason'),
      placeholder: t('reason'), autocomplete: 'off', dir: 'auto' }),
    h('button', { class: 'cb-btn cb-primary', 'data-do': 'take_over_confirm' },
      t('take_over')),
    button(['close', toggleReason, t('cancel')], 1));

  /**
   * @param {string|number} key
   * @param {Tone} tone
   * @param {string} strong
   * @param {string|false} text
   * @param {(Button|null)[]} buttons
   */
  const extra = (key, tone, strong, text, buttons) =>
    h('div', { class: 'cb-line', key, 'data-tone': tone },
      icon('alert'),
      h('div', { class: 'cb-text' }, strong && h('strong', null, strong), ' ',
        text),
      h('div', { class: 'cb-buttons' }, buttons.map(button)));

  const draft = () => {
    /** @type {Button} */
    const restore = ['restore', actions.restoreDraft];
    /** @type {Button} */
    const copy = ['copy', async () => {
      copied = await actions.copyDraft();
      redraw();
      setTimeout(() => {
        copied = false;
        redraw();
      }, COPIED_MS);
    }, (copied ? '✓ ' : '') + t('copy')];
    /** @type {Button} */
    const discard = ['discard', actions.dropDraft];
    const { ousted, hasDraft } = view;

    return extra('draft', ousted ? 'bad' : 'info',
      ousted ? sayOusted(i18n, ousted) : '', hasDraft && t('draft'),
      !hasDraft ? [['discard', actions.dropDraft, t('close')]]
        : view.mode === 'editor' && !view.restoring
          ? [restore, copy, discard] : [copy, discard]);
  };

  /** @param {Notice} n */
  const notice = (n) => extra(n.id, n.tone === 'error' ? 'bad' : 'warn', '',
    sayNotice(i18n, n), [null, ['dismiss', () => actions.dismiss(n.id),
      t('close')]]);

  function redraw() {
    if (!view) return;
    const { notices, mode, phase, hasDraft, ousted } = view;
    const line = now();
    const { tone, who } = line;
    const known = who && view.people.find((p) => same(p.user_id, who.user_id));

    reasonOpen = reasonOpen && line.buttons.some((b) => b && b[0] === 'take_over');
    Object.assign(bar.dataset, { mode, phase, tone });
    // What must be seen stays in sight while the page scrolls.
    bar.toggleAttribute('data-sticky', notices.length > 0 ||
      /warn|good|bad/.test(tone));
    patch(bar, [
      h('div', { class: 'cb-line', key: 'line', 'data-tone': tone },
        line.icon && icon(line.icon),
        who && face(known || who),
        h('div', { class: 'cb-text' },
          line.text && h('strong', null, line.text), ' ',
          h('span', { class: 'cb-sub' }, sub(line))),
        h('div', { class: 'cb-buttons' }, line.buttons.map(button)),
        people),
      (hasDraft || ousted) && draft(),
      reasonOpen && reasonForm(),
      notices.length > 0 && h('div', { class: 'cb-pop cb-notices' },
        notices.map(notice)),
    ], () => bar);
  }

  bar.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.isComposing) return;
    if (reasonOpen) toggleReason();
    else view.notices.slice(-1).forEach((n) => actions.dismiss(n.id));
  });
  document.addEventListener('keydown', (e) => {
    // By its place: with Alt, Mac keyboards write another letter.
    if (e.code === 'KeyC' && e.altKey && e.shiftKey && !e.ctrlKey) {
      e.preventDefault();
      bar.focus();
    }
  });

  return {
    /** @param {View} next */
    render(next) {
      view = next;
      redraw();
    },
    redraw,
    now,
  };
}
