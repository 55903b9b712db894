/**
 * When the page and what is saved differ: what the panel shows, and what
 * follows from what was chosen in it. A script of its own with all that it
 * needs, loaded when it is first needed.
 */
import { isFresh } from './cells.js';
import { createFiller } from './fill.js';
import { deleteKey, isNews, merge, overwrites, plan } from './merge.js';
import { makePanelView } from './panelview.js';

/**
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 * @typedef {import('./compare.js').Found} Found
 * @typedef {import('./merge.js').Choice} Choice
 * @typedef {import('./panelview.js').Button} Button
 */

/**
 * Values of a draft. It has those fields alone that were typed into.
 *
 * @param {[string, Cell][]} cells
 * @param {Iterable<string>} of  keys of inline rows
 * @returns {Values}
 */
function collect(cells, of) {
  /** @type {Values['rows']} */
  const rows = new Map();
  for (const row of of) {
    if (row && !isFresh(row)) rows.set(row, { label: '', prefix: '' });
  }
  return { cells: new Map(cells), rows };
}

/**
 * What people read of an inline row.
 *
 * @param {Values} values
 * @param {string} row
 */
const fieldsOf = (values, row) => [...values.cells].filter(([key, cell]) =>
  cell.row === row && key !== deleteKey(row) && cell.shown &&
  cell.kind !== 'hidden')
  .map(([, cell]) => cell);

/**
 * @param {import('./form.js').Form} form
 * @param {import('./compare.js').Host} host
 */
export function createPanel(form, host) {
  const view = makePanelView(host.tools());
  const { apply, rebase } = createFiller(form);
  const { t } = host.tools().i18n;

  function close() {
    view.show(null);
    host.hold(null);
    form.focusButton();
  }

  /** @returns {Button} */
  const back = () => ['go_back', t('go_back'), close];

  /** @returns {Button} */
  const copy = () => ['copy', t('copy'), host.copy];

  /**
   * @param {Partial<import('./panelview.js').Subject> & {title: string,
   *   buttons: Button[]}} subject
   */
  function show(subject) {
    host.hold('merging');
    view.show({ rows: [], label: () => '', fields: () => [], name: '',
      done: null, close, ...subject });
  }

  /**
   * The text is kept meanwhile, for another tab or another try.
   *
   * @param {string} title
   * @param {Button[]} buttons
   * @param {string} [href]
   */
  function stay(title, buttons, href) {
    host.keep();
    show({ title, text: t('draft'), href,
      buttons: [...buttons, copy(), back()] });
  }

  /**
   * Texts that are not in the form, to be copied: nothing is saved without
   * them.
   *
   * @param {'kept_old'|'not_placed'} why
   * @param {{label: string, shown: string}[]} texts
   */
  const showTexts = (why, texts) => show({ title: t('draft'), text: t(why),
    texts, buttons: [copy(), back()] });

  /** @returns {Button[]} */
  function saveAsNew() {
    const again = /** @type {HTMLInputElement|null} */ (
      form.element.querySelector('[name=_saveasnew]'));
    return again ? [['save_as_new', again.value || again.textContent || '',
      () => {
        close();
        again.click();
      }]] : [];
  }

  return {
    /**
     * @param {Exclude<Found, {what: 'failed'}>} found
     * @param {() => void} newest   the page has what is saved
     * @param {(() => void)|null} save  goes on with a save; null: the user
     *   only wants to see
     * @param {() => void} again
     */
    found(found, newest, save, again) {
      if (found.what === 'login') {
        stay(t('signed_out'), [['go_on', t('go_on'), () => {
          close();
          host.retry();
          (save ?? again)();
        }]], found.url);
        return;
      }
      if (found.what === 'gone') {
        stay(t('gone'), saveAsNew());
        return;
      }
      const { values: theirs, form: fresh } = found;
      const settle = () => {
        rebase(theirs, fresh);
        newest();
        close();
        save?.();
      };
      /** @param {Map<string, Choice>} [choices] */
      const ask = (choices) => {
        const mine = form.values();
        const rows = merge(form.base() ?? { cells: new Map(), rows: mine.rows },
          theirs, mine).filter(isNews);
        const n = overwrites(rows);
        const open = rows.some((r) => r.kind === 'conflict' &&
          !choices?.has(r.key));
        // Nothing, or both have done the same; or all is chosen, and nothing
        // was typed since.
        if (choices && !open) {
          const lost = apply(plan(rows, choices, theirs), mine, !!save);
          if (lost.length) showTexts('not_placed', lost);
          else settle();
          return;
        }
        if (!rows.length) {
          settle();
          return;
        }
        const act = save ? 'save_merged' : 'use_merged';
        /** @type {Button[]} */
        const buttons = [[act, t(act), () => {}], back()];
        if (save && n) {
          buttons.push(['save_mine', t('save_mine', {}, n), settle]);
        }
        show({
          title: t('merge', {}, rows.length), rows, name: host.who(), buttons,
          choices, done: ask,
          fields: ({ row }) => fieldsOf(theirs.rows.has(row) ? theirs : mine,
            row),
          label: (row) => (mine.rows.get(row) ?? theirs.rows.get(row))
            ?.label ?? '',
        });
      };
      ask();
    },
    /**
     * @param {import('./drafts.js').Draft} draft
     * @param {() => void} done  it is in the form
     */
    restore({ fields, base, mine: typed }, done) {
      if (!base || !typed) {
        showTexts('kept_old', fields);
        return;
      }
      const mine = collect(typed, typed.map(([, cell]) => cell.row));
      /** @param {Map<string, Choice>} [choices] */
      const ask = (choices) => {
        const now = form.values();
        const theirs = collect([...now.cells].filter(([key, { row }]) =>
          mine.cells.has(key) || mine.rows.has(row)),
        [...mine.rows.keys()].filter((row) => now.rows.has(row)));
        const rows = merge(collect(base, mine.rows.keys()), theirs, mine);
        const asks = rows.filter((r) => r.kind === 'conflict');
        if (asks.every((r) => choices?.has(r.key))) {
          const lost = apply(plan(rows, choices ?? new Map(), theirs), mine,
            false);
          if (lost.length) {
            showTexts('not_placed', lost);
            return;
          }
          close();
          done();
          return;
        }
        show({ title: t('merge', {}, asks.length), rows: asks, choices,
          name: host.who(), done: ask,
          label: (row) => now.rows.get(row)?.label ?? '',
          fields: ({ row }) => fieldsOf(mine, row),
          buttons: [['use_merged', t('use_merged'), () => {}], copy(),
            back()] });
      };
      ask();
    },
  };
}

/** @typedef {ReturnType<typeof createPanel>} Panel */
