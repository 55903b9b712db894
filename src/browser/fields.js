/**
 * The values of a form's fields: read, compared, named, and put back.
 */

/**
 * @typedef {HTMLInputElement|HTMLTextAreaElement|HTMLSelectElement} Field
 * @typedef {Map<string, string[]>} Snapshot   by the fields' names
 * @typedef {{name: string, label: string, values: string[], shown: string}}
 *   Kept   a field of a draft
 * @typedef {import('./rich.js').Rich} Rich
 */

/** Not worth a draft. */
export const MANAGEMENT = /^csrf|-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS$/;
/** So many steps up an editor and its field have a parent in common. */
const NEAR = 4;
const PRIVATE = /^(password|file)$/;

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {Field[]}
 */
const fieldsNamed = (form, name) =>
  // form.elements[name] would find ids, too.
  /** @type {Field[]} */ (Array.from(form.elements).filter(
    (el) => el.getAttribute('name') === name));

/**
 * The right half of filter_horizontal: its options are the value, although they
 * are selected only when the form is submitted.
 *
 * @param {Element} el
 */
export const isChosen = (el) => el.matches('.selector select[id$=_to]');

/**
 * Editors nobody knows, that may fill their field in when the form is sent.
 *
 * @param {HTMLFormElement} form
 */
export const editables = (form) =>
  /** @type {HTMLElement[]} */ (Array.from(form.querySelectorAll('[contenteditable]'))
    .filter((el) =>
      !el.closest('.ck,.ql-container,.CodeMirror,trix-editor')));

/**
 * The field that such an editor is for: the one that stands nearest.
 *
 * @param {HTMLElement} el
 * @returns {string}  its name; ""
 */
export function fieldBehind(el) {
  let up = el.parentElement;
  for (let n = 0; up && n < NEAR; n++) {
    const field = up.querySelector('textarea[name],[type=hidden][name]');
    if (field) return field.getAttribute('name') ?? '';
    up = up.parentElement;
  }
  return '';
}

/**
 * @param {HTMLFormElement} form
 * @param {Rich} rich
 * @returns {Snapshot}
 */
export function snapshot(form, rich) {
  /** @type {Snapshot} */
  const map = new Map();
  new FormData(form).forEach((value, name) => {
    if (name === 'csrfmiddlewaretoken') return;
    // That of no file is of this moment.
    const text = value instanceof File
      ? value.name && `${value.name}:${value.size}:${value.lastModified}`
      : value;
    map.set(name, [...map.get(name) ?? [], text]);
  });
  for (const el of form.querySelectorAll('.selector select')) {
    const { name, options } = /** @type {HTMLSelectElement} */ (el);
    if (isChosen(el)) map.set(name, Array.from(options, (o) => o.value).sort());
    else map.delete(name);
  }
  for (const [name, text] of rich.read()) map.set(name, [text]);
  editables(form).forEach((el, i) => map.set(`#${i}`, [el.textContent ?? '']));
  return map;
}

/**
 * The names whose values differ.
 *
 * @param {Snapshot} a
 * @param {Snapshot} b
 * @returns {string[]}
 */
export function differing(a, b) {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) =>
    JSON.stringify(a.get(name)) !== JSON.stringify(b.get(name)));
}

/** @param {string|null|undefined} text */
export const tidy = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

/**
 * @param {Field[]} fields
 * @param {string} [name]  what stands in for a label
 */
export function labelOf([el, more], name = el.name) {
  // Of a group each field has a label of its own.
  const label = more && el.closest('.form-row,fieldset')
    ?.querySelector('label:not([for]),legend') || el.labels?.[0];
  return tidy(label?.textContent).replace(/\s*:$/, '') ||
    el.getAttribute('aria-label') || name.replace(/[-_]+/g, ' ');
}

/**
 * Values as people read them.
 *
 * @param {Field[]} fields
 * @param {string[]} values
 */
export function shownValues(fields, values) {
  if (fields[0].type === 'checkbox' && !fields[1]) {
    return values.length ? '\u2713' : '\u2717';
  }
  /** @type {Record<string, string>} */
  const words = {};
  for (const el of fields) {
    if (el instanceof HTMLSelectElement) {
      for (const o of el.options) {
        if (values.includes(o.value)) words[o.value] = tidy(o.text);
      }
    } else if (/^(radio|checkbox)$/.test(el.type)) {
      words[el.value] = tidy(el.labels?.[0]?.textContent);
    }
  }
  return values.map((value) => words[value] || value).join(', ');
}

/** @param {string} html */
export const plain = (html) => tidy(
  new DOMParser().parseFromString(html, 'text/html').body.textContent);

/**
 * What is worth keeping of fields, for a draft.
 *
 * @param {HTMLFormElement} form
 * @param {Snapshot} now
 * @param {string[]} names
 * @param {Rich} rich
 * @returns {Kept[]}
 */
export function keepFields(form, now, names, rich) {
  const texts = rich.read();
  /** @type {Kept[]} */
  const kept = [];
  for (const name of names) {
    const fields = fieldsNamed(form, name);
    const values = now.get(name) ?? [];
    const [el] = fields;
    if (MANAGEMENT.test(name) || PRIVATE.test(el?.type)) continue;
    const text = texts.get(name);
    kept.push({
      name, values,
      label: el ? labelOf(fields) : '',
      shown: text !== undefined ? plain(text)
        : el ? shownValues(fields, values) : `${values}`,
    });
  }
  return kept;
}

/** @param {Element} el */
function tell(el) {
  for (const type of ['input', 'change']) {
    el.dispatchEvent(new Event(type, { bubbles: true }));
  }
}

/**
 * filter_horizontal has code of its own for moving options.
 *
 * @param {HTMLSelectElement} to
 * @param {string[]} values
 */
function setChosen(to, values) {
  const box = /** @type {any} */ (globalThis).SelectBox;
  const from = document.getElementById(to.id.replace(/to$/, 'from'));
  if (!box || !(from instanceof HTMLSelectElement)) return;
  // A move builds both anew, and selects nothing.
  for (const o of to.options) o.selected = !values.includes(o.value);
  box.move(to.id, from.id);
  for (const o of from.options) o.selected = values.includes(o.value);
  box.move(from.id, to.id);
}

/**
 * @param {Field} el
 * @param {Kept} kept
 * @param {number} i  which of those of this name
 */
function setField(el, { values, shown }, i) {
  if (el instanceof HTMLSelectElement) {
    const there = Array.from(el.options, (o) => o.value);
    for (const value of values) {
      // An autocomplete has only the options it was asked for.
      if (!there.includes(value)) {
        el.add(new Option(values[1] ? value : shown, value));
      }
    }
    for (const o of el.options) o.selected = values.includes(o.value);
  } else if (/^(radio|checkbox)$/.test(el.type)) {
    /** @type {HTMLInputElement} */ (el).checked = values.includes(el.value);
  } else {
    el.value = values[i] ?? '';
  }
}

/**
 * Puts values back. What has no field any more is left out.
 *
 * @param {HTMLFormElement} form
 * @param {Kept[]} all
 * @param {Rich} rich
 */
export function restoreFields(form, all, rich) {
  for (const kept of all) {
    const { name, values } = kept;
    if (rich.write(name, values[0] ?? '')) continue;
    fieldsNamed(form, name).forEach((el, i) => {
      if (PRIVATE.test(el.type) || el.disabled) return;
      if (isChosen(el)) setChosen(/** @type {any} */ (el), values);
      else setField(el, kept, i);
      tell(el);
    });
  }
  // After the fields: an editor may have followed its own.
  editables(form).forEach((el, i) => {
    const text = all.find(({ name }) => name === `#${i}`)?.values[0];
    if (text === undefined || el.textContent === text) return;
    el.textContent = text;
    tell(el);
  });
}
