/**
 * Readings of a form, compared. Pure: no DOM, no clock.
 */

/**
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 */

/**
 * Whether an inline row is not saved yet.
 *
 * @param {string} row
 */
export const isFresh = (row) => /(^|\/)\+/.test(row);

/**
 * @param {Cell|undefined} a
 * @param {Cell|undefined} b
 */
export const sameCell = (a, b) =>
  JSON.stringify(a?.values) === JSON.stringify(b?.values);

/**
 * Whether what is saved is another now. Rows that are not saved are of the page
 * that they are on, and a form without a field says nothing about it.
 *
 * @param {Values} base
 * @param {Values} theirs
 */
export function differs(base, theirs) {
  for (const row of base.rows.keys()) if (!theirs.rows.has(row)) return true;
  for (const row of theirs.rows.keys()) if (!base.rows.has(row)) return true;
  for (const [key, cell] of theirs.cells) {
    const was = base.cells.get(key);
    if (was && !isFresh(cell.row) && !sameCell(cell, was)) return true;
  }
  return false;
}

/**
 * The page was sent and is still here: what is saved as it was sent is what
 * there was before.
 *
 * @param {Values} base
 * @param {Values} sent
 * @param {Values} theirs
 * @returns {Values}
 */
export function catchUp(base, sent, theirs) {
  const cells = new Map(base.cells);
  for (const [key, cell] of theirs.cells) {
    if (sameCell(cell, sent.cells.get(key))) cells.set(key, cell);
  }
  return { cells, rows: base.rows };
}

/**
 * The keys of what changes by itself: readings of a page that nobody has
 * changed, of which no two are the same.
 *
 * @param {Values[]} readings
 * @returns {string[]}
 */
export function restless(readings) {
  const keys = new Set(readings.flatMap((r) => [...r.cells.keys()]));
  return [...keys].filter((key) => new Set(readings.map((r) =>
    JSON.stringify(r.cells.get(key)?.values))).size === readings.length);
}
