/**
 * A form as values that can be compared with those of another reading of it:
 * the page as it was loaded, the same page fetched again, and what would be
 * submitted now. A field has the same key in all of them: inline rows go by
 * their primary key, not by their place.
 */
import {
  isChosen, labelOf, MANAGEMENT, shownValues, tidy,
} from './fields.js';

/**
 * @typedef {import('./fields.js').Field} Field
 *
 * @typedef {Object} Cell        a field and what it holds
 * @property {string[]} names    of its inputs, in that form: a date has parts
 * @property {string[][]} values of each of these
 * @property {string} label
 * @property {string} shown      the values as people read them
 * @property {string} row        key of its inline row; "": the object's own
 * @property {'short'|'long'|'choice'|'file'|'hidden'} kind
 *
 * @typedef {Object} Values
 * @property {Map<string, Cell>} cells  by key
 * @property {Map<string, {label: string, prefix: string}>} rows  inline rows
 *   that are saved, by key; the prefix is that of their inputs' names
 *
 * @typedef {(el: Field) => string[]|null} Reader  null: it does not count
 */

const CONTROL = /^(INPUT|SELECT|TEXTAREA)$/;
/** Not submitted, or nobody's business. */
const NO_VALUE = /^(submit|button|reset|image|password)$/;
/** What a widget of several inputs adds to their names. */
const PART = /^(.+?)_(\d|year|month|day)$/;

/** @param {string} text */
const unix = (text) => text.replace(/\r\n?/g, '\n');

/** @param {Element} el */
const isChoice = (el) => /^(checkbox|radio|select)/.test(
  /** @type {Field} */ (el).type);

/**
 * The file that is stored: its name stands beside the input.
 *
 * @param {Field} el
 */
function storedFile(el) {
  const near = el.closest('.file-upload') ?? el.parentElement;
  const name = tidy(near?.querySelector('a[href]')?.textContent);
  return name ? [name] : [];
}

/**
 * What a select says that two lists have been made of.
 *
 * @param {HTMLSelectElement} el
 */
const chosen = (el) => (isChosen(el)
  ? Array.from(el.options, (o) => o.value) : null);

/**
 * The value that came from the server, whatever was typed since.
 *
 * @type {Reader}
 */
export function loaded(el) {
  if (el instanceof HTMLSelectElement) {
    if (el.closest('.selector')) return chosen(el);
    const all = Array.from(el.options);
    let on = all.filter((o) => o.defaultSelected);
    if (!el.multiple) {
      on = on.slice(-1);
      if (!on[0] && el.size < 2) {
        on = all.filter((o) => !o.disabled).slice(0, 1);
      }
    }
    return on.map((o) => o.value);
  }
  if (el.type === 'file') return storedFile(el);
  if (isChoice(el)) {
    return /** @type {HTMLInputElement} */ (el).defaultChecked
      ? [el.value] : [];
  }
  return [unix(el.defaultValue)];
}

/**
 * What would be submitted now.
 *
 * @param {Map<string, string>} texts  of the rich editors, by name
 * @returns {Reader}
 */
export const current = (texts) => (el) => {
  const text = texts.get(el.name);
  if (text !== undefined) return [unix(text)];
  if (el instanceof HTMLSelectElement) {
    return el.closest('.selector') ? chosen(el)
      : Array.from(el.selectedOptions, (o) => o.value);
  }
  if (el.type === 'file') {
    const { files } = /** @type {HTMLInputElement} */ (el);
    return files?.length ? Array.from(files, (f) => f.name) : storedFile(el);
  }
  if (isChoice(el)) {
    return /** @type {HTMLInputElement} */ (el).checked ? [el.value] : [];
  }
  return [unix(el.value)];
};

/**
 * The fields that count, by name.
 *
 * @param {HTMLFormElement} form
 */
function fieldsOf(form) {
  /** @type {Map<string, Field[]>} */
  const fields = new Map();
  for (const one of form.elements) {
    const el = /** @type {Field} */ (one);
    const name = el.getAttribute('name') ?? '';
    // A disabled <fieldset> counts, too.
    if (!name || !CONTROL.test(el.tagName) || NO_VALUE.test(el.type) ||
      el.matches(':disabled')) continue;
    fields.set(name, [...fields.get(name) ?? [], el]);
  }
  return fields;
}

/**
 * Finds out which inline row a field's name is of.
 *
 * @param {Map<string, Field[]>} fields
 */
function makeRows(fields) {
  /** @param {string} name */
  const value = (name) => fields.get(name)?.[0].value ?? '';
  const sets = [...fields.keys()].filter((n) => n.endsWith('-TOTAL_FORMS'))
    .map((n) => n.replace(/-TOTAL_FORMS$/, ''))
    // Those within others have the longer names.
    .sort((a, b) => b.length - a.length);

  /**
   * @param {string} name
   * @returns {[set: string, n: string, rest: string]|null}
   */
  function split(name) {
    for (const set of sets) {
      if (!name.startsWith(`${set}-`)) continue;
      const found = /^(\d+|__prefix__)-(.+)$/.exec(name.slice(set.length + 1));
      if (found) return [set, found[1], found[2]];
    }
    return null;
  }

  /** The primary key's part of the names, by set.
   * @type {Map<string, string>} */
  const keys = new Map();
  for (const [name, [el]] of fields) {
    const [set, n, rest] = split(name) ?? [''];
    if (!rest || el.type !== 'hidden' || keys.get(set) === 'id') continue;
    // The other hidden one is the parent's, which new rows have as well.
    if (rest === 'id' || (!keys.has(set) && Number(n) < saved(set) &&
      !value(`${set}-__prefix__-${rest}`) && el.value)) keys.set(set, rest);
  }

  /**
   * How many rows of it are saved: they come first.
   *
   * @param {string} set
   */
  function saved(set) {
    return Number(value(`${set}-INITIAL_FORMS`)) || 0;
  }

  /**
   * The same whatever place the rows above it have.
   *
   * @param {string} name  of an inline set, or a field
   * @returns {{row: string, rest: string, prefix: string, fresh: boolean}}
   */
  function place(name) {
    const [set, n, rest] = split(name) ?? [''];
    if (n === undefined || rest === undefined) {
      return { row: '', rest: name, prefix: '', fresh: false };
    }
    const outer = place(set);
    const prefix = `${set}-${n}`;
    const pk = value(`${prefix}-${keys.get(set)}`);
    const after = Number(n) - saved(set);
    const fresh = outer.fresh || !(after < 0);
    return {
      row: `${outer.row && `${outer.row}/`}${outer.rest}/${
        fresh ? `+${after}` : pk || `#${n}`}`,
      rest, prefix, fresh,
    };
  }

  return {
    place,
    /** @param {string} name */
    isKey(name) {
      const [set, , rest] = split(name) ?? [''];
      return !!rest && keys.get(set) === rest;
    },
  };
}

/**
 * What a row of an inline is called.
 *
 * @param {Field} el  one of its fields
 */
function rowLabel(el) {
  const box = el.closest('.inline-related,[id].form-row,tr');
  // Its name, before the links behind it.
  const name = box?.querySelector('.inline_label,.original p')?.firstChild;
  return tidy(name?.textContent) || tidy(
    el.closest('.inline-group,fieldset')?.querySelector('h2')?.textContent);
}

/**
 * @param {Field[]} fields
 * @param {string} rest   its name within the row
 */
function cellLabel(fields, rest) {
  const head = fields[0].closest('table')
    ?.querySelector(`thead .column-${CSS.escape(rest)}`);
  return tidy(head?.textContent) || labelOf(fields, rest);
}

/**
 * The other parts of a widget that is one field: date and time, the file and
 * its "Clear".
 *
 * @param {string} key   of the first part
 * @param {Cell} cell
 * @returns {{stem: string, parts: string[]}}  by their keys
 */
function partsOf(key, cell) {
  if (cell.kind === 'file') return { stem: key, parts: [`${key}-clear`] };
  const [, stem = '', part] = PART.exec(key) ?? [];
  return { stem, parts: part === '0' ? [1, 2, 3, 4].map((n) => `${stem}_${n}`)
    : part === 'year' ? [`${stem}_month`, `${stem}_day`] : [] };
}

/**
 * @param {Map<string, Cell>} cells
 * @param {(name: string) => string} label  of a widget, not of a part
 * @returns {Map<string, Cell>}  those of several parts are one
 */
function joinParts(cells, label) {
  /** @type {Map<string, Cell>} */
  const joined = new Map();
  // The year may be the last one.
  const rest = new Set([...cells].flatMap(([key, cell]) =>
    partsOf(key, cell).parts));
  for (const [key, cell] of cells) {
    if (rest.has(key)) continue;
    const { stem, parts } = partsOf(key, cell);
    const there = parts.filter((k) => cells.has(k));
    const all = [cell, ...there.map((k) => /** @type {Cell} */ (cells.get(k)))];
    joined.set(there.length ? stem : key, { ...cell,
      label: there.length && cell.kind !== 'file' && cell.label
        ? label(cell.names[0]) : cell.label,
      names: all.flatMap((c) => c.names), values: all.flatMap((c) => c.values),
      shown: cell.kind === 'file' && all[1]?.values[0].length
        ? `${cell.shown} \u2717` : cell.kind === 'file' ? cell.shown
          : all.map((c) => c.shown).join(' ').trim() });
  }
  return joined;
}

/**
 * @param {HTMLFormElement} form   also one that is not on the screen
 * @param {Reader} read
 * @param {boolean} [bare]  without labels, which take most of the time
 * @returns {Values}
 */
export function readForm(form, read, bare = false) {
  const fields = fieldsOf(form);
  const { place, isKey } = makeRows(fields);
  /** @type {Values} */
  const { cells, rows } = { cells: new Map(), rows: new Map() };
  for (const [name, all] of fields) {
    const [el] = all;
    const { row, rest, prefix, fresh } = place(name);
    if (row && !fresh && !rows.has(row) && !prefix.endsWith('__prefix__')) {
      rows.set(row, { label: bare ? '' : rowLabel(el), prefix });
    }
    // The token and the hidden initial values go with what they are of.
    if (MANAGEMENT.test(name) || name.startsWith('initial-') ||
      name.includes('__prefix__') || isKey(name)) continue;
    const read1 = all.map(read);
    if (read1.every((v) => v === null)) continue;
    const values = /** @type {string[]} */ (
      read1.flatMap((v) => v ?? []));
    if (isChoice(el)) values.sort();
    const seen = all.filter((_, i) => read1[i] !== null);
    cells.set(row ? `${row}/${rest}` : name, {
      names: [name], values: [values], row,
      label: bare ? '' : cellLabel(seen, rest),
      shown: shownValues(seen, values),
      kind: el.type === 'file' ? 'file' : isChoice(el) ? 'choice'
        : el.tagName === 'TEXTAREA' || /\n|.{80}/.test(values[0] ?? '')
          ? 'long' : el.type === 'hidden' ? 'hidden' : 'short',
    });
  }
  return { rows, cells: joinParts(cells, (name) => {
    // As a group has it, whose fields have labels of their own.
    const [el] = /** @type {Field[]} */ (fields.get(name));
    return labelOf([el, el], place(name).rest.replace(PART, '$1'));
  }) };
}

