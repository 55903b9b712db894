/**
 * When the page and what is saved differ: what the panel shows, and what
 * follows from what was chosen in it. A script of its own with all that it
 * needs, loaded when it is first needed.
 */
import { isFresh } from './cells.js';
import { createFiller } from './fill.js';
import { isNews, merge, overwrites, plan } from './merge.js';
import { makePanelView } from './panelview.js';

/**
 * @typedef {import('./formvalues.js').Cell} Cell
 * @typedef {import('./formvalues.js').Values} Values
 * @typedef {import('./compare.js').Found} Found
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
    view.show({ rows: [], label: () => '', name: '', done: null, close,
      ...subject });
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

  /** @param {{label: string, shown: string}[]} texts */
  const showTexts = (texts) => show({ title: t('draft'), text: t('kept_old'),
    texts, buttons: [copy(), back()] });

  /**
   * What could not be put into the form is shown, to be copied: nothing is
   * saved without it.
   *
   * @param {string[]} keys   of cells and inline rows
   * @param {Values} mine
   */
  const fail = (keys, mine) => showTexts([...mine.cells]
    .filter(([key, cell]) => keys.includes(key) || keys.includes(cell.row))
    .map(([, cell]) => cell));

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
      const mine = form.values();
      const rows = merge(/** @type {Values} */ (form.base()), theirs, mine);
      const news = rows.filter(isNews);
      const settle = () => {
        rebase(theirs, fresh);
        newest();
        close();
        save?.();
      };
      // Both have done the same.
      if (!news.length) {
        settle();
        return;
      }
      const act = save ? 'save_merged' : 'use_merged';
      const n = overwrites(rows);
      /** @type {Button[]} */
      const buttons = [[act, t(act), () => {}], back()];
      if (save && n) buttons.push(['save_mine', t('save_mine', {}, n), settle]);
      show({
        title: t('merge', {}, news.length), rows: news, name: host.who(),
        buttons,
        label: (row) => (mine.rows.get(row) ?? theirs.rows.get(row))
          ?.label ?? '',
        done(choices) {
          const lost = apply(plan(rows, choices, theirs), mine);
          if (lost.length) fail(lost, mine);
          else settle();
        },
      });
    },
    /**
     * @param {import('./drafts.js').Draft} draft
     * @param {() => void} done  it is in the form
     */
    restore({ fields, base, mine: typed }, done) {
      if (!base || !typed) {
        showTexts(fields);
        return;
      }
      const now = form.values();
      const mine = collect(typed, typed.map(([, cell]) => cell.row));
      const theirs = collect([...now.cells].filter(([key, { row }]) =>
        mine.cells.has(key) || mine.rows.has(row)),
      [...mine.rows.keys()].filter((row) => now.rows.has(row)));
      const rows = merge(collect(base, mine.rows.keys()), theirs, mine);
      /** @param {Map<string, import('./merge.js').Choice>} choices */
      const put = (choices) => {
        const lost = apply(plan(rows, choices, theirs), mine);
        if (lost.length) {
          fail(lost, mine);
          return;
        }
        close();
        done();
      };
      const asks = rows.filter((r) => r.kind === 'conflict');
      if (!asks.length) {
        put(new Map());
        return;
      }
      show({ title: t('merge', {}, asks.length), rows: asks, name: host.who(),
        done: put, label: (row) => now.rows.get(row)?.label ?? '',
        buttons: [['use_merged', t('use_merged'), () => {}], copy(), back()] });
    },
  };
}

/** @typedef {ReturnType<typeof createPanel>} Panel */
