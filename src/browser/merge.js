/**
 * Three versions of a form become rows: what they have changed, what I have,
 * and where somebody must choose. Pure: no DOM, no clock.
 */

import { isFresh, sameCell } from './cells.js';

/**
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 *
 * @typedef {Object} Row
 * @property {string} key         of the field, or of the inline row
 * @property {'theirs'|'mine'|'same'|'conflict'} kind  who has changed it; same:
 *   both, to the same
 * @property {'field'|'added'|'removed'|'deleted'} what  added, removed: an
 *   inline row, by them (by me, in one of mine); deleted: I delete one that
 *   they have changed, if it is a conflict
 * @property {string} row         key of the inline row; ""
 * @property {Cell|undefined} base
 * @property {Cell|undefined} theirs
 * @property {Cell|undefined} mine
 *
 * @typedef {'mine'|'theirs'|{text: string}} Choice  a text of both together
 */

/** The key of a row's box that deletes it. @param {string} row */
export const deleteKey = (row) => `${row}/DELETE`;

/**
 * @param {boolean} theirs  changed
 * @param {boolean} mine    changed
 * @param {boolean} alike   to the same
 * @returns {Row['kind']|null}
 */
function kindOf(theirs, mine, alike) {
  if (theirs && mine) return alike ? 'same' : 'conflict';
  return theirs ? 'theirs' : mine ? 'mine' : null;
}

/**
 * @param {Values} a
 * @param {Values} b
 * @param {string} row
 */
function rowDiffers(a, b, row) {
  for (const [key, cell] of a.cells) {
    if (cell.row === row && key !== deleteKey(row) && b.cells.has(key) &&
      !sameCell(cell, b.cells.get(key))) return true;
  }
  return false;
}

/**
 * What became of the inline rows as wholes.
 *
 * @param {Values} base
 * @param {Values} theirs
 * @param {Values} mine
 * @param {Set<string>} settled  gets the rows whose fields do not matter
 * @returns {Row[]}
 */
function mergeRows(base, theirs, mine, settled) {
  /** @type {Row[]} */
  const rows = [];
  /**
   * @param {string} row
   * @param {Row['kind']} kind
   * @param {Row['what']} what
   */
  const add = (row, kind, what) => {
    settled.add(row);
    rows.push({ key: row, kind, what, row, base: undefined,
      theirs: undefined, mine: undefined });
  };
  for (const row of base.rows.keys()) {
    const deletes = !mine.rows.has(row) || !sameCell(
      base.cells.get(deleteKey(row)), mine.cells.get(deleteKey(row)));
    if (!theirs.rows.has(row)) {
      add(row, deletes ? 'same' : rowDiffers(base, mine, row) ? 'conflict'
        : 'theirs', 'removed');
    } else if (deletes) {
      add(row, rowDiffers(base, theirs, row) ? 'conflict' : 'mine', 'deleted');
    }
  }
  for (const row of theirs.rows.keys()) {
    if (!base.rows.has(row)) add(row, 'theirs', 'added');
  }
  return rows;
}

/**
 * What has to be looked at, in the order of the form. What nobody has changed
 * is left out.
 *
 * @param {Values} base     what both had before them
 * @param {Values} theirs   what is saved now
 * @param {Values} mine     what would be submitted
 * @returns {Row[]}
 */
export function merge(base, theirs, mine) {
  /** @type {Set<string>} */
  const settled = new Set();
  const whole = mergeRows(base, theirs, mine, settled);
  /** @type {Row[]} */
  const rows = [];
  for (const key of new Set([...mine.cells.keys(), ...theirs.cells.keys()])) {
    const m = mine.cells.get(key);
    const b = base.cells.get(key);
    const { row } = /** @type {Cell} */ (m ?? theirs.cells.get(key));
    // A form without the field says nothing about it; and rows that are not
    // saved are of the page that they are on.
    const t = (!isFresh(row) && theirs.cells.get(key)) || b;
    if (settled.has(row)) {
      const at = whole.findIndex((r) => r.row === row);
      if (at >= 0) rows.push(...whole.splice(at, 1));
      continue;
    }
    const kind = kindOf(!sameCell(t, b), !!m && !sameCell(m, b),
      sameCell(t, m));
    if (!kind || (kind === 'theirs' && !m && !b)) continue;
    rows.push({ key, kind, what: 'field', row, base: b, theirs: t, mine: m });
  }
  return rows.concat(whole);
}

/**
 * Whether somebody else has changed what I do not have.
 *
 * @param {{kind: Row['kind']}} row
 */
export const isNews = ({ kind }) => kind === 'theirs' || kind === 'conflict';

/**
 * How much of theirs a save of mine as it is would overwrite. A row that they
 * have added stays.
 *
 * @param {Row[]} rows
 */
export const overwrites = (rows) =>
  rows.filter((r) => isNews(r) && r.what !== 'added').length;

/**
 * What is to be in the form in the end, whichever of the versions it shows now.
 *
 * @param {Row[]} rows
 * @param {Map<string, Choice>} choices  by the keys of the conflicts; mine is
 *   what is not chosen
 * @param {Values} theirs
 * @returns {{cells: Map<string, Cell>, remove: string[], keep: string[],
 *   again: string[]}}  by keys; inline rows that are to be deleted, that are
 *   not, and of which mine are to be made anew
 */
export function plan(rows, choices, theirs) {
  /** @type {ReturnType<typeof plan>} */
  const todo = { cells: new Map(), remove: [], keep: [], again: [] };
  for (const { key, kind, what, mine, theirs: t } of rows) {
    const choice = kind === 'theirs' ? 'theirs' : choices.get(key) ?? 'mine';
    if (what === 'added') continue;
    if (what === 'removed') {
      todo.remove.push(key);
      if (kind === 'conflict' && choice === 'mine') todo.again.push(key);
    } else if (what === 'deleted') {
      (choice === 'theirs' ? todo.keep : todo.remove).push(key);
      if (choice !== 'theirs') continue;
      for (const [k, cell] of theirs.cells) {
        if (cell.row === key) todo.cells.set(k, cell);
      }
    } else {
      const cell = choice === 'theirs' ? t : mine;
      // What the page has no field for is not submitted.
      if (!cell || !mine) continue;
      todo.cells.set(key, typeof choice === 'string' ? cell
        : { ...cell, values: [[choice.text]], shown: choice.text });
    }
  }
  return todo;
}
