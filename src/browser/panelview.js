/**
 * What the panel looks like: what others have changed, what the user has, and
 * what is to be saved. It decides nothing: it shows what it is given, and says
 * what was chosen.
 */
import { diff, weave } from './worddiff.js';

/**
 * @typedef {import('./dom.js').Kid} Kid
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./merge.js').Choice} Choice
 * @typedef {import('./merge.js').Row} Row
 * @typedef {import('./types.js').Tools} Tools
 *
 * @typedef {[act: string, label: string, run: () => void]} Button
 *
 * @typedef {Object} Subject     what the panel is about
 * @property {string} title
 * @property {string} [text]
 * @property {string} [href]      where to log in
 * @property {Row[]} rows         those that matter
 * @property {{label: string, shown: string}[]} [texts]  to be read and copied
 * @property {(key: string) => string} label  of an inline row
 * @property {(row: Row) => Cell[]} fields  what such a row has, or had
 * @property {string} name        who has changed it; "": nobody knows
 * @property {Button[]} buttons   the first is the one to press; it gets the
 *   choices when all are made
 * @property {Map<string, Choice>} [choices]  made already
 * @property {((choices: Map<string, Choice>) => void)|null} done
 * @property {() => void} close   Escape
 */

/** Tags, as editors write them. */
const HTML = /<\/?[a-z][^<>]*>/i;

/** @param {string} html */
const plain = (html) => (new DOMParser()
  .parseFromString(html.replace(/<(\/p|\/div|\/li|br)\b/gi, '\n<$1'),
    'text/html').body.textContent ?? '').trim();

/** @param {Tools} tools */
export function makePanelView({ host, i18n, h, patch }) {
  const { t } = i18n;
  /** @type {Subject|null} */
  let subject = null;
  /** @type {Map<string, Choice>} */
  let choices = new Map();
  let asked = false;

  /** @param {Cell|undefined} cell */
  const raw = (cell) => (cell?.kind === 'long'
    ? cell.values.flat().join('\n') : cell?.shown ?? '');

  /**
   * The texts of a row as people read them: without tags, unless these are all
   * that differs.
   *
   * @param {Row} row
   */
  function texts({ base, theirs, mine }) {
    const all = [base, theirs, mine].map(raw);
    if (!all.some((s) => HTML.test(s))) return all;
    const read = all.map(plain);
    return new Set(read).size < new Set(all).size ? all : read;
  }

  /** @param {string} text */
  const shown = (text) => text || h('i', null, t('empty'));

  /**
   * @param {string} before
   * @param {string} after
   * @returns {Kid[]}
   */
  const marked = (before, after) => (after
    ? diff(before, after).map(({ tag, text }, n) => (tag
      ? h(tag, { key: n }, text) : text)) : [shown('')]);

  /**
   * One version of a field.
   *
   * @param {Row} row
   * @param {'base'|'theirs'|'mine'} which
   */
  function version(row, which) {
    const [base, theirs, mine] = texts(row);
    const text = which === 'base' ? base : which === 'mine' ? mine : theirs;
    const long = [row.base, row.theirs, row.mine].some((c) =>
      c?.kind === 'long');
    return h('div', { class: 'cb-version', dir: 'auto', key: which },
      long && which !== 'base' ? marked(base, text) : shown(text));
  }

  const changedBy = () => (subject?.name
    ? t('changed_by', { name: subject.name }) : t('elsewhere'));

  /**
   * @param {Row} row
   * @param {number} n
   * @param {'mine'|'theirs'|'both'} what
   * @param {string} label
   * @param {Kid} kid   what is chosen by it
   */
  function option(row, n, what, label, kid) {
    const id = `collabd-panel-${n}-${what}`;
    const choice = choices.get(row.key);
    const is = typeof choice === 'object' ? 'both' : choice;
    return h('div', { class: 'cb-option', key: what },
      h('input', { type: 'radio', name: `collabd-panel-${n}`, id, value: what,
        checked: is === what,
        onchange: () => choose(row, what) }),
      h('label', { for: id }, label),
      (what !== 'both' || is === 'both') && kid);
  }

  /**
   * @param {Row} row
   * @param {'mine'|'theirs'|'both'} what
   */
  function choose(row, what) {
    choices.set(row.key, what !== 'both' ? what
      : { text: weave(raw(row.base), raw(row.theirs), raw(row.mine)) });
    redraw();
  }

  /**
   * @param {Row} row
   * @param {number} n
   */
  function together(row, n) {
    const choice = choices.get(row.key);
    return h('textarea', { key: 'text', rows: 6, dir: 'auto',
      'aria-labelledby': `collabd-panel-${n}-legend`,
      oninput(/** @type {InputEvent} */ e) {
        choices.set(row.key, { text:
          /** @type {HTMLTextAreaElement} */ (e.target).value });
      } }, typeof choice === 'object' ? choice.text : '');
  }

  /** @param {Row} row */
  function heading(row) {
    const { what, row: key, mine, theirs } = row;
    const place = key && subject ? subject.label(key) : '';
    // Scripts have changed less of theirs.
    const field = what === 'field' ? (theirs ?? mine)?.label ?? ''
      : t(`row_${what}`);
    return [place, field].filter(Boolean).join(' · ');
  }

  /**
   * @param {Row} row
   * @param {number} n
   */
  function drawRow(row, n) {
    const { kind, what } = row;
    const field = what === 'field';
    const conflict = kind === 'conflict';
    const open = asked && conflict && !choices.has(row.key);
    const useTheirs = subject?.name
      ? t('use_theirs', { name: subject.name }) : t('use_other');
    const long = row.mine?.kind === 'long' && row.theirs?.kind === 'long';
    return h('fieldset', { key: row.key, class: 'cb-row',
      'data-open': open },
    h('legend', { id: `collabd-panel-${n}-legend` }, heading(row), ' ',
      h('span', { class: 'cb-sub' }, changedBy())),
    field && h('div', { class: 'cb-before', key: 'before' },
      h('span', { class: 'cb-sub' }, t('before')), version(row, 'base')),
    conflict ? [
      option(row, n, 'mine', t('use_yours'), field && version(row, 'mine')),
      option(row, n, 'theirs', useTheirs, field && version(row, 'theirs')),
      field && long && option(row, n, 'both', t('edit_both'),
        together(row, n)),
    ] : field && h('div', { class: 'cb-before', key: 'now' },
      h('span', { class: 'cb-sub' }, t('now')), version(row, 'theirs')),
    !field && readings(subject?.fields(row) ?? []));
  }

  /** @param {{label: string, shown: string}[]} texts */
  const readings = (texts) => texts.map((k, n) =>
    h('div', { class: 'cb-before', key: n },
      h('span', { class: 'cb-sub' }, k.label),
      h('div', { class: 'cb-version', dir: 'auto' }, shown(k.shown))));

  function finish() {
    if (!subject) return;
    const open = subject.rows.filter((r) => r.kind === 'conflict' &&
      !choices.has(r.key)).length;
    if (!open && subject.done) {
      subject.done(choices);
      return;
    }
    asked = true;
    redraw();
    /** @type {HTMLElement|null} */ (host.querySelector(
      '[data-open] input'))?.focus();
  }

  function redraw() {
    if (!subject) {
      patch(host, []);
      return;
    }
    const { title, text, texts: kept, rows, buttons, done, href } = subject;
    const open = rows.filter((r) => r.kind === 'conflict' &&
      !choices.has(r.key)).length;
    patch(host, [
      h('h2', { id: 'collabd-panel-title', class: 'cb-title' }, title),
      text && h('p', { key: 'text' }, text),
      rows.map(drawRow),
      readings(kept ?? []),
      asked && open > 0 && h('p', { key: 'open', role: 'alert',
        class: 'cb-open' }, t('choose', {}, open)),
      h('div', { class: 'cb-buttons', key: 'buttons' },
        href && h('a', { class: 'cb-btn cb-primary', target: '_blank', href,
          'data-do': 'log_in' }, t('log_in')),
        buttons.map(([act, label, run], n) => h('button', { type: 'button',
          key: act, 'data-do': act, class: n || href ? 'cb-btn'
            : 'cb-btn cb-primary',
          onclick: n || !done ? run : finish }, label))),
    ].flat(), () => host);
  }

  host.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.isComposing || !subject) return;
    e.preventDefault();
    // What was written there would be gone.
    if (e.target instanceof HTMLTextAreaElement) host.focus();
    else subject.close();
  });

  return {
    /** @param {Subject|null} next  null: nothing is shown */
    show(next) {
      subject = next;
      choices = next?.choices ?? new Map();
      asked = !!next?.choices;
      host.hidden = !next;
      redraw();
      if (!next) return;
      host.focus();
      host.scrollIntoView({ block: 'nearest' });
    },
  };
}
