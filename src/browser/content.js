/**
 * The form by content: what the page was loaded with, what would be submitted,
 * and what was chosen put into it.
 */
import { restoreFields } from './fields.js';
import { current, loaded, readForm } from './formvalues.js';
import { deleteKey, sameCell } from './merge.js';

/**
 * @typedef {import('./fields.js').Kept} Kept
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 * @typedef {import('./rich.js').Rich} Rich
 *
 * @typedef {Object} Typing
 * @property {Rich} rich
 * @property {() => void} check
 * @property {() => void} touch
 * @property {() => Set<string>|null} changed
 * @property {(saved: Map<string, string[]|null>) => void} settle
 */

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {HTMLInputElement[]}
 */
const named = (form, name) => /** @type {any} */ (
  Array.from(form.elements).filter((el) => el.getAttribute('name') === name));

/**
 * @param {HTMLFormElement} form
 * @param {Typing} typing
 * @param {boolean} failed  what the page was loaded with is what was typed
 */
export function createContent(form, typing, failed) {
  // Before scripts make something else of it.
  /** @type {Values|null} */
  let base = failed ? null : readForm(form, loaded, true);

  /** @returns {Values} */
  function values() {
    const now = readForm(form, current(typing.rich.read()));
    const names = typing.changed();
    if (!names) return now;
    for (const [key, cell] of now.cells) {
      const was = base?.cells.get(key);
      // Scripts and editors write it in their own way, which is no change.
      if (was && cell.kind !== 'file' &&
        !cell.names.some((name) => names.has(name))) cell.values = was.values;
    }
    return now;
  }

  /**
   * @param {Cell} cell  of this form
   * @param {Cell} to
   */
  function put(cell, to) {
    /** @type {Kept[]} */
    const kept = cell.names.map((name, i) => ({ name, label: '',
      values: to.values[i] ?? [], shown: to.shown }));
    for (const name of cell.names) {
      for (const el of named(form, name)) if (el.type === 'file') el.value = '';
    }
    restoreFields(form, kept, typing.rich);
  }

  /**
   * @param {Values} now
   * @param {string} row
   * @param {boolean} is
   */
  function tick(now, row, is) {
    const cell = now.cells.get(deleteKey(row));
    const [el] = cell ? named(form, cell.names[0]) : [];
    if (el?.type === 'checkbox' && el.checked !== is) el.click();
    else if (el && el.type !== 'checkbox') el.value = is ? 'on' : '';
  }

  /**
   * Shows that it is not what the user has left there, until it is touched.
   *
   * @param {Cell} cell
   */
  function mark(cell) {
    for (const name of cell.names) {
      for (const el of named(form, name)) {
        el.setAttribute('data-collabd-taken', '');
        el.addEventListener('focus', () =>
          el.removeAttribute('data-collabd-taken'), { once: true });
      }
    }
  }

  return {
    /** What the page was loaded with; null: nobody knows. */
    base: () => base,
    values,
    /**
     * @param {ReturnType<typeof import('./merge.js').plan>} todo
     */
    apply(todo) {
      typing.touch();
      const now = values();
      for (const [key, to] of todo.cells) {
        const cell = now.cells.get(key);
        if (!cell || sameCell(cell, to)) continue;
        put(cell, to);
        mark(cell);
      }
      for (const row of todo.remove) tick(now, row, true);
      for (const row of todo.keep) tick(now, row, false);
      typing.check();
    },
    /**
     * From now on this is what was there before.
     *
     * @param {Values} theirs
     * @param {HTMLFormElement} fresh  the page that it is from
     */
    rebase(theirs, fresh) {
      const now = readForm(form, current(typing.rich.read()), true);
      /** @type {Map<string, string[]|null>} */
      const saved = new Map();
      base = theirs;
      for (const [key, to] of theirs.cells) {
        const cell = now.cells.get(key);
        if (!cell) continue;
        const same = sameCell(cell, to);
        cell.names.forEach((name, i) => {
          saved.set(name, same ? null : to.values[i] ?? []);
          // Django compares with it.
          const hidden = named(fresh, `initial-${to.names[i]}`)[0];
          for (const el of named(form, `initial-${name}`)) {
            if (hidden) el.value = hidden.value;
          }
        });
      }
      typing.settle(saved);
      typing.check();
    },
    /**
     * After a new log-in the old token is not accepted.
     *
     * @param {HTMLFormElement} fresh
     */
    freshen(fresh) {
      const [token] = named(fresh, 'csrfmiddlewaretoken');
      for (const el of named(form, 'csrfmiddlewaretoken')) {
        if (token) el.value = token.value;
      }
    },
  };
}
