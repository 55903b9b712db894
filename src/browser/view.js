/**
 * What the user interface shows of the state.
 */
import { doing, isMe, newer, same } from './state.js';

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./types.js').Who} Who
 * @typedef {import('./types.js').Person} Person
 */

/**
 * @param {State} s
 * @param {Who|null} editor
 */
function peopleOf(s, editor) {
  /** @param {Person} p */
  const rank = (p) => {
    if (isMe(s, p.user_id)) return 0;
    return editor && same(editor.user_id, p.user_id) ? 1 : 2;
  };
  return Object.values(s.people).sort((a, b) =>
    rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/**
 * @param {State} s
 * @returns {Person}
 */
function youOf(s) {
  const { you } = s.hello;
  return {
    ...you, since: s.people[you.user_id]?.since ?? '', state: doing(s),
  };
}

/**
 * @param {State} s
 * @param {number} now
 * @returns {import('./types.js').View}
 */
export function viewOf(s, now) {
  const { hello } = s;
  const dead = s.phase === 'offline' || s.phase === 'signed_out';
  const lock = dead ? null : s.lock;
  const editor = dead ? null : s.shown.editor;
  const save = newer(s);
  const line = lock?.line ?? [];
  const kept = lock && !lock.editor && lock.previous;
  return {
    page: s.page.page,
    popup: s.page.popup,
    phase: s.phase,
    mode: dead ? 'none' : s.shown.mode,
    you: hello && youOf(s),
    mayTakeOver: !!hello?.may_take_over && s.canSave,
    editor: editor && { user_id: editor.user_id, name: editor.name },
    people: dead ? [] : peopleOf(s, editor),
    line,
    place: line.filter((l) => l.asked)
      .findIndex((l) => isMe(s, l.user_id)) + 1,
    offer: lock?.offer ?? null,
    countdown: lock?.countdown ?? null,
    holdUntil: lock?.holdUntil ?? null,
    headStartUntil: kept && kept.until > now && !isMe(s, kept.user_id)
      ? kept.until : null,
    dirty: s.dirty,
    newer: save && {
      name: save.name,
      when: save.at - s.offset,
      action: save.action,
      fields: save.fields,
      mine: isMe(s, save.user_id),
    },
    reloadAt: s.reloadAt,
    saveHeld: s.saveHeld,
    ousted: s.ousted,
    hasDraft: s.kept || s.stored,
    restoring: s.restoring,
    notices: s.notices,
    settings: hello?.settings ?? {},
  };
}
