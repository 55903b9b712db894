/**
 * What this tab remembers about saves, from one page of an object to the next.
 */
import * as session from './session.js';

/** A submit that led to no save is forgotten. */
const MARK_MS = 10 * 60000;

/**
 * This page was submitted.
 *
 * @param {string} key  of the object
 * @param {number} at   ms, the server's clock
 */
export function markSubmit(key, at) {
  session.put(`mark:${key}`, at);
}

/**
 * When this tab submitted the page before, the server's clock, roughly; 0: it
 * did not. Asked once.
 *
 * @param {string} key
 * @param {number} now
 * @returns {number}
 */
export function takeSubmit(key, now) {
  const at = session.take(`mark:${key}`) || 0;
  return Math.abs(now - at) < MARK_MS ? at : 0;
}

/** What the guard knows our forms by, and says in it that one was not saved. */
const COOKIE = 'collabd_save';
const SENT_S = 20;

/**
 * The form is about to be sent, by a page that can be told what becomes of it.
 *
 * @param {string} tab
 */
export function signForm(tab) {
  document.cookie = `${COOKIE}=${tab};path=/;max-age=${SENT_S};samesite=strict`;
}

/**
 * Whether the form that this tab has sent was refused. Asked once.
 *
 * @param {string} tab
 */
export function takeRefusal(tab) {
  if (!document.cookie.includes(`${COOKIE}=${tab}.refused`)) return false;
  document.cookie = `${COOKIE}=;path=/;max-age=0`;
  return true;
}

/**
 * Whether this page answers a submit that did not pass validation: it shows
 * what was typed, not what is saved. A save would have led here by a redirect.
 *
 * @param {number} mark  of takeSubmit()
 */
export function hasFailed(mark) {
  const [nav] = performance.getEntriesByType('navigation');
  const { type, redirectCount } =
    /** @type {PerformanceNavigationTiming} */ (nav || {});
  return !!mark && type === 'navigate' && redirectCount === 0;
}

/**
 * What the page was loaded with: if the submit does not pass validation, the
 * next one shows what was typed.
 *
 * @param {string} key
 * @param {import('./formvalues.js').Values|null} base
 */
export function rememberBase(key, base) {
  session.put(`base:${key}`, base &&
    { cells: [...base.cells], rows: [...base.rows] });
}

/**
 * @param {string} key
 * @returns {import('./formvalues.js').Values|null}  asked once
 */
export function takeBase(key) {
  const kept = session.take(`base:${key}`);
  return kept && { cells: new Map(kept.cells), rows: new Map(kept.rows) };
}

/**
 * The last save the tab knew of when it left the object's page: what it loads
 * next is not older, whatever the clocks say.
 *
 * @param {string} key
 * @param {number} at  the server's clock
 */
export function rememberSeen(key, at) {
  session.put(`seen:${key}`, at || null);
}

/**
 * @param {string} key
 * @returns {number}
 */
export const seen = (key) => session.get(`seen:${key}`) || 0;

/**
 * Before a reload: where the person was.
 *
 * @param {string} key
 */
export function rememberPlace(key) {
  const el = document.activeElement;
  const field = /** @type {HTMLInputElement|null} */ (el);
  session.put(`place:${key}`, {
    x: scrollX,
    y: scrollY,
    id: (el && el.id) || '',
    name: (el && el.getAttribute('name')) || '',
    from: (field && field.selectionStart) || 0,
    to: (field && field.selectionEnd) || 0,
  });
}

/**
 * After it: back to there.
 *
 * @param {string} key
 */
export function restorePlace(key) {
  const place = session.take(`place:${key}`);
  if (!place) return;
  const el = (place.id && document.getElementById(place.id)) ||
    (place.name && document.getElementsByName(place.name)[0]);
  if (el && document.activeElement === document.body) {
    el.focus({ preventScroll: true });
    try {
      el.setSelectionRange(place.from, place.to);
    } catch {
      // Not a text field.
    }
  }
  // Pictures and editors may move it once more.
  scrollTo(place.x, place.y);
  addEventListener('load', () => scrollTo(place.x, place.y), { once: true });
}
