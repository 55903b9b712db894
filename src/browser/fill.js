/**
 * Puts what was chosen into the form, and sees whether it arrives. Part of the
 * panel's script.
 */
import { sameCell } from './cells.js';
import {
  editables, fieldBehind, plain, restoreFields, tidy,
} from './fields.js';
import { deleteKey } from './merge.js';

/**
 * @typedef {import('./fields.js').Kept} Kept
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 */

/** Each adds a row to an inline. */
const ADD = '.add-row a,a.add-row,[class*="add-handler"]';

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {HTMLInputElement[]}
 */
const named = (form, name) => /** @type {any} */ (
  Array.from(form.elements).filter((el) => el.getAttribute('name') === name));

/**
 * Whether a field has what it was given. Editors write it in their own way.
 *
 * @param {Cell|undefined} is
 * @param {Cell} to
 */
const arrived = (is, to) => !!is && (sameCell(is, to) || is.kind === 'file' ||
  (is.kind === 'long' && plain(is.values.join()) === plain(to.values.join())));

/**
 * @param {import('./typed.js').Content} content
 */
export function createFiller({ element: form, typing, raw, values, setBase }) {
  /** What was put in for somebody else. @type {Map<string, Cell>} */
  const taken = new Map();
  /**
   * By name, what goes out whatever an editor that nobody knows writes over it
   * in that moment: until a person does something to the form.
   *
   * @type {Map<string, string>}
   */
  const firm = new Map();

  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, text] of firm) formData.set(name, text);
  });
  for (const type of ['keydown', 'beforeinput', 'pointerdown', 'paste', 'drop']) {
    form.addEventListener(type, (e) => {
      if (e.isTrusted) firm.clear();
    }, { capture: true, passive: true });
  }

  /**
   * Shows that it is not what the user has left there, until it is touched.
   *
   * @param {Cell} cell
   */
  function mark(cell) {
    for (const el of cell.names.flatMap((name) => named(form, name))) {
      el.setAttribute('data-collabd-taken', '');
      el.addEventListener('focus', () =>
        el.removeAttribute('data-collabd-taken'), { once: true });
    }
  }

  /**
   * @param {Cell} cell  of this form
   * @param {Cell} to
   */
  function put(cell, to) {
    /** @type {Kept[]} */
    const kept = cell.names.map((name, i) => ({ name, label: '',
      values: to.values[i] ?? [], shown: to.shown }));
    for (const el of cell.names.flatMap((name) => named(form, name))) {
      if (el.type === 'file') el.value = '';
    }
    restoreFields(form, kept, typing.rich);
    for (const el of editables(form)) {
      const name = fieldBehind(el);
      if (cell.names[0] === name) firm.set(name, to.values[0][0] ?? '');
    }
    mark(cell);
  }

  /**
   * Whether editors that nobody knows show what is in their field.
   *
   * @param {Cell} cell
   * @param {Cell} to
   */
  const follows = (cell, to) => editables(form).every((el) =>
    fieldBehind(el) !== cell.names[0] ||
    tidy(el.textContent) === plain(to.values[0][0] ?? ''));

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
   * A new row beside one that has the field of this name.
   *
   * @param {string} name
   * @returns {string|null}  what its names begin with
   */
  function addRow(name) {
    const set = /^(.+)-\d+-/.exec(name)?.[1] ?? '';
    const [total] = named(form, `${set}-TOTAL_FORMS`);
    const n = total?.value;
    const link = total?.closest('.inline-group,fieldset,.js-inline-admin-formset')
      ?.querySelector(ADD);
    if (link instanceof HTMLElement) link.click();
    return total && total.value !== n ? `${set}-${n}` : null;
  }

  /**
   * Finds room for a row of mine that has none any more.
   *
   * @param {Cell[]} cells
   */
  function addAgain(cells) {
    const prefix = cells[0] && addRow(cells[0].names[0]);
    if (!prefix) return false;
    const now = raw();
    for (const to of cells) {
      const names = to.names.map((n) => n.replace(/^.+?-\d+(?=-)/, prefix));
      const is = [...now.cells.values()].find((c) => c.names[0] === names[0]);
      if (is && !/-DELETE$/.test(names[0])) put(is, to);
    }
    return true;
  }

  return {
    /**
     * Puts in what was chosen.
     *
     * @param {ReturnType<typeof import('./merge.js').plan>} todo
     * @param {Values} mine
     * @param {boolean} goes  out at once
     * @returns {Cell[]}  what did not arrive
     */
    apply(todo, mine, goes) {
      typing.touch();
      let now = values();
      /** @type {Cell[]} */
      const lost = [];
      for (const [key, to] of todo.cells) {
        // A row that was added to the page, and is not on this one.
        if (!now.cells.has(key) && /\/\+/.test(to.row) &&
          addRow(to.names[0])) now = values();
        const cell = now.cells.get(key);
        if (!cell || sameCell(cell, to)) continue;
        put(cell, to);
        if (goes || follows(cell, to)) {
          taken.set(key, to);
          continue;
        }
        // It would be written over as soon as somebody types.
        put(cell, cell);
        firm.clear();
        lost.push(to);
      }
      for (const row of todo.again) {
        const cells = [...mine.cells.values()].filter((c) => c.row === row);
        if (!addAgain(cells)) lost.push(...cells);
      }
      for (const row of todo.remove) tick(now, row, true);
      for (const row of todo.keep) tick(now, row, false);
      typing.rich.flush();
      now = raw();
      for (const [key, to] of todo.cells) {
        if (taken.get(key) === to ? !arrived(now.cells.get(key), to)
          : !now.cells.has(key)) lost.push(to);
      }
      typing.check();
      return lost;
    },
    /**
     * From now on this is what was there before.
     *
     * @param {Values} theirs
     * @param {HTMLFormElement} fresh  the page that it is from
     */
    rebase(theirs, fresh) {
      const now = values();
      /** @type {Map<string, string[]|null>} */
      const saved = new Map();
      for (const [key, to] of theirs.cells) {
        const cell = now.cells.get(key);
        if (!cell) continue;
        const same = sameCell(cell, to) || sameCell(taken.get(key), to);
        cell.names.forEach((name, i) => {
          saved.set(name, same ? null : to.values[i] ?? []);
          // Django compares with it.
          const [hidden] = named(fresh, `initial-${to.names[i]}`);
          for (const el of named(form, `initial-${name}`)) {
            if (hidden) el.value = hidden.value;
          }
        });
      }
      setBase(theirs);
      taken.clear();
      typing.settle(saved);
      typing.check();
    },
  };
}
