/**
 * The form by content: what the page was loaded with, and what would be
 * submitted.
 */
import { sameCell } from './cells.js';
import { editables, fieldBehind } from './fields.js';
import { current, readForm } from './formvalues.js';

/**
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 *
 * @typedef {Object} Typing
 * @property {import('./rich.js').Rich} rich
 * @property {() => void} check
 * @property {() => void} touch
 * @property {() => Set<string>|null} changed
 * @property {(saved: Map<string, string[]|null>) => void} settle
 */

/**
 * @param {HTMLFormElement} element
 * @param {Typing} typing
 * @param {Values|null} base  what the page was loaded with, read before scripts
 *   make something else of it; null: nobody knows
 */
export function createContent(element, typing, base) {
  const raw = () => readForm(element, current(typing.rich.read()));

  /** @returns {Values} */
  function values() {
    const now = raw();
    const names = typing.changed();
    if (!names) return now;
    for (const [key, cell] of now.cells) {
      const was = base?.cells.get(key);
      // Scripts and editors write it in their own way, which is no change.
      if (was && cell.kind !== 'file' &&
        !cell.names.some((name) => names.has(name))) cell.values = was.values;
    }
    // Editors nobody knows, of which some fill their field when it is sent.
    editables(element).forEach((el, i) => {
      const name = names.has(`#${i}`) ? fieldBehind(el) : '';
      const cell = name && !names.has(name) &&
        [...now.cells.values()].find((c) => c.names[0] === name);
      if (cell) {
        cell.values = [[el.innerHTML]];
        cell.shown = el.textContent ?? '';
      }
    });
    return now;
  }

  return {
    element, typing, raw, values,
    base: () => base,
    /** @param {Values} next */
    setBase(next) {
      base = next;
    },
    /**
     * After a new log-in the old token is not accepted.
     *
     * @param {HTMLFormElement} fresh
     */
    freshen(fresh) {
      const [is, to] = [element, fresh].map((form) =>
        /** @type {HTMLInputElement|null} */ (
          form.querySelector('[name=csrfmiddlewaretoken]')));
      if (is && to) is.value = to.value;
    },
    /**
     * What was typed and what was there before, for a draft.
     *
     * @returns {Pick<import('./drafts.js').Draft, 'base'|'mine'>}
     */
    changes() {
      if (!base) return {};
      /** @type {[string, Cell][]} */
      const mine = [...values().cells].filter(([key, cell]) =>
        cell.kind !== 'file' && !sameCell(cell, base?.cells.get(key)));
      return { mine, base: mine.flatMap(([key]) => {
        const was = base?.cells.get(key);
        return was ? [/** @type {[string, Cell]} */ ([key, was])] : [];
      }) };
    },
  };
}

/** @typedef {ReturnType<typeof createContent>} Content */
