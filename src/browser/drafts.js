/**
 * Typed text that must not be lost: kept in this tab's storage, for this user
 * and this object, until it was saved, discarded, or is old.
 */
import * as session from './session.js';

export const DRAFT_MS = 12 * 3600000;

/**
 * @typedef {import('./fields.js').Kept} Kept
 * @typedef {import('./formvalues.js').Cell} Cell
 *
 * @typedef {Object} Draft
 * @property {number} at
 * @property {Kept[]} fields           as people read them
 * @property {[string, Cell][]} [base] what was there before, by key; drafts of
 *   older clients have none
 * @property {[string, Cell][]} [mine] what was typed
 */

/**
 * @param {unknown} userId
 * @param {string} key  of the object
 */
export const draftKey = (userId, key) =>
  `draft:${encodeURIComponent(String(userId))}:${key}`;

/**
 * What was stored, if it is of use still.
 *
 * @param {any} stored
 * @param {number} now
 * @returns {Draft|null}
 */
export function validDraft(stored, now) {
  return stored && Array.isArray(stored.fields) && stored.fields.length &&
    now - stored.at < DRAFT_MS ? stored : null;
}

/**
 * Whether there is a draft, whoever typed it.
 *
 * @param {string} key
 */
export const hasDraft = (key) =>
  session.keys('draft:').some((k) => k.endsWith(`:${key}`));

/**
 * What was typed and what an earlier page has left, as one draft. If one of
 * them has no base, both can only be shown.
 *
 * @param {Pick<Draft, 'fields'|'base'|'mine'>} now
 * @param {Draft|null} older
 * @returns {Pick<Draft, 'fields'|'base'|'mine'>}
 */
export function joinDrafts(now, older) {
  if (!older) return now;
  const names = now.fields.map((f) => f.name);
  /** @param {'base'|'mine'} which */
  const join = (which) => {
    const [a, b] = [older[which], now[which]];
    return a && b && [...new Map([...a, ...b])];
  };
  return { base: join('base'), mine: join('mine'), fields: now.fields.concat(
    older.fields.filter((f) => !names.includes(f.name))) };
}

/**
 * As text for the clipboard.
 *
 * @param {Kept[]} fields
 */
export function draftText(fields) {
  // Of an editor and the field it fills in, one will do.
  const shown = new Set(fields.filter((f) => f.label).map((f) => f.shown));
  return fields.filter((f) => f.label || !shown.has(f.shown))
    .map((f) => (f.label ? `${f.label}: ${f.shown}` : f.shown)).join('\n');
}

/**
 * @param {unknown} userId
 * @param {string} key
 * @returns {Draft|null}
 */
export function loadDraft(userId, key) {
  return validDraft(session.get(draftKey(userId, key)), Date.now());
}

/**
 * @param {unknown} userId
 * @param {string} key
 * @param {Pick<Draft, 'fields'|'base'|'mine'>} draft
 */
export function storeDraft(userId, key, draft) {
  if (!draft.fields.length) return;
  session.put(draftKey(userId, key), { at: Date.now(), ...draft });
}

/**
 * @param {unknown} userId
 * @param {string} key
 */
export function forgetDraft(userId, key) {
  session.put(draftKey(userId, key), null);
}

/**
 * Drops what is old, and what others have typed in this tab.
 *
 * @param {unknown} userId
 */
export function purgeDrafts(userId) {
  const mine = draftKey(userId, '');
  for (const key of session.keys('draft:')) {
    if (!key.startsWith(mine) || !validDraft(session.get(key), Date.now())) {
      session.put(key, null);
    }
  }
}

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it is on the clipboard
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed, or the page came without TLS.
  }
  const focus = /** @type {HTMLElement|null} */ (document.activeElement);
  const area = document.createElement('textarea');
  area.id = 'collabd-copy';
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (focus) focus.focus({ preventScroll: true });
  return done;
}
