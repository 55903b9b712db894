/**
 * Compares the page with what is saved, by content: before every save, when
 * the user asks for it, and when a draft is put back. What differs goes to the
 * panel (panel.js), and what was chosen there into the form.
 */
import { fetchForm } from './check.js';
import { loaded, readForm } from './formvalues.js';
import { isNews, merge, overwrites, plan, restless } from './merge.js';

/**
 * @typedef {import('./formvalues.js').Values} Values
 * @typedef {import('./panel.js').Button} Button
 * @typedef {import('./panel.js').Panel} Panel
 * @typedef {import('./form.js').Form} Form
 *
 * @typedef {Object} Host       the page around it
 * @property {() => Partial<import('./types.js').Settings>} settings
 * @property {() => string} who  who has saved last, if that is not shown here
 * @property {() => import('./types.js').Tools} tools
 * @property {() => Promise<typeof import('./panel.js')>} load
 * @property {(what: 'comparing'|'merging'|null) => void} hold  the save that
 *   was stopped, or the page that is being compared
 * @property {() => boolean} held  it still is: nobody has cancelled
 * @property {(why: string) => void} failed  there is nothing to compare with
 * @property {() => () => void} newest  to be called before asking; what it
 *   returns, when the page has what is saved
 * @property {() => void} keep    the text, as a draft
 * @property {() => Promise<boolean>} copy
 * @property {() => void} retry   the connection
 */

/** Of the daemon before its first word. */
const CHECK_S = 3;

/**
 * @param {HTMLFormElement} element
 * @param {Form} form
 * @param {Host} host
 */
export function createCompare(element, form, host) {
  let busy = false;
  /** @type {Promise<Panel>|null} */
  let panel = null;
  /** What changes by itself. @type {Set<string>} */
  const quiet = new Set();

  function thePanel() {
    panel ??= host.load().then((m) => m.makePanel(host.tools()));
    panel.catch(() => {
      panel = null;
    });
    return panel;
  }

  /**
   * @returns {Promise<import('./check.js').Answer>}
   */
  const ask = () => fetchForm(location.href.replace(/#.*/, ''), element.id,
    1000 * (host.settings().save_check_timeout ?? CHECK_S));

  /** @param {HTMLFormElement} fresh */
  function read(fresh) {
    const values = readForm(fresh, loaded);
    for (const key of quiet) values.cells.delete(key);
    return values;
  }

  /**
   * What is saved now. Where it is not what the page was loaded with, it is
   * asked for again, because there are forms of which no two are the same.
   *
   * @param {Values} base
   */
  async function look(base) {
    const answer = await ask();
    if (answer.what !== 'form') return answer;
    let { form: fresh } = answer;
    const readings = [base, read(fresh)];
    // Two that differ may as well be two saves.
    while (readings.length < 4 &&
      merge(base, readings[readings.length - 1], base).some(isNews)) {
      const next = await ask();
      if (next.what !== 'form') break;
      fresh = next.form;
      readings.push(read(fresh));
      if (!restless(readings).length) break;
    }
    if (readings.length > 3) restless(readings).forEach((k) => quiet.add(k));
    return { what: /** @type {const} */ ('form'), form: fresh,
      values: read(fresh) };
  }

  /** @returns {Button} */
  const back = () => ['go_back', host.tools().i18n.t('go_back'), close];

  /** @returns {Button} */
  const copy = () => ['copy', host.tools().i18n.t('copy'), host.copy];

  function close() {
    panel?.then((p) => p.show(null));
    busy = false;
    host.hold(null);
    form.focusButton();
  }

  /**
   * @param {Partial<import('./panel.js').Subject> & {title: string,
   *   buttons: Button[]}} subject
   */
  async function show(subject) {
    host.hold('merging');
    (await thePanel()).show({ rows: [], label: () => '', name: '', done: null,
      close, ...subject });
  }

  /** @param {string} url */
  const showLogin = (url) => {
    const { t } = host.tools().i18n;
    host.keep();
    return show({ title: t('signed_out'), text: t('draft'), href: url,
      buttons: [['go_on', t('go_on'), () => {
        close();
        host.retry();
        form.submit();
      }], copy(), back()] });
  };

  const showGone = () => {
    const { t } = host.tools().i18n;
    const again = /** @type {HTMLInputElement|null} */ (
      element.querySelector('[name=_saveasnew]'));
    host.keep();
    /** @type {Button[]} */
    const buttons = [copy(), back()];
    if (again) {
      buttons.unshift(['save_as_new', again.value || again.textContent || '',
        () => {
          close();
          again.click();
        }]);
    }
    return show({ title: t('gone'), text: t('draft'), buttons });
  };

  /**
   * @param {Values} base
   * @param {boolean} saves  the user wants to save; else only to see
   */
  async function compare(base, saves) {
    const { t } = host.tools().i18n;
    const newest = host.newest();
    const got = await look(base);
    if (!host.held()) return;
    if (got.what === 'login') {
      await showLogin(got.url);
      return;
    }
    if (got.what === 'gone') {
      await showGone();
      return;
    }
    if (got.what === 'failed') {
      host.hold(null);
      host.failed(got.why);
      return;
    }
    const theirs = got.values;
    const mine = form.values();
    const rows = merge(base, theirs, mine);
    /** @param {boolean} submit */
    const settle = (submit) => {
      form.rebase(theirs, got.form);
      newest();
      close();
      if (submit) form.submit();
    };
    form.freshen(got.form);
    if (!rows.some(isNews)) {
      if (rows.length) form.rebase(theirs, got.form);
      newest();
      host.hold(null);
      if (saves) form.submit(true);
      return;
    }
    const news = rows.filter(isNews);
    /** @type {Button[]} */
    const buttons = [[saves ? 'save_merged' : 'use_merged',
      t(saves ? 'save_merged' : 'use_merged'), () => {}], back()];
    const n = overwrites(rows);
    if (saves && n) {
      buttons.push(['save_mine', t('save_mine', {}, n), () => settle(true)]);
    }
    await show({
      title: t('merge', {}, news.length), rows: news, name: host.who(), buttons,
      label: (row) => (mine.rows.get(row) ?? theirs.rows.get(row))?.label ?? '',
      done(choices) {
        form.apply(plan(rows, choices, theirs));
        settle(saves);
      },
    });
  }

  /**
   * One at a time: the second click of a double click is the same save.
   *
   * @param {() => Promise<void>} what
   */
  async function alone(what) {
    if (busy) return;
    busy = true;
    host.hold('comparing');
    try {
      await what();
    } catch {
      // The panel did not come.
      if (host.held()) {
        host.hold(null);
        host.failed('panel');
      }
    }
    busy = false;
  }

  return {
    /**
     * What becomes of a submit.
     *
     * @template {string} T
     * @param {string} button
     * @param {T} what     what the lock says
     * @param {boolean} checked  it was compared already
     * @returns {T|'check'|'pass'}
     */
    decide(button, what, checked) {
      const { save_check: how } = host.settings();
      if (what !== 'pass' && what !== 'warn') return what;
      if (how === 'off' || checked || button === '_saveasnew') return 'pass';
      return how === 'on' && form.base() ? 'check' : what;
    },
    /** A submit was stopped for it. */
    save() {
      const base = form.base();
      if (base) alone(() => compare(base, true));
    },
    /** The user wants to see what is newer than the page. */
    update() {
      const base = form.base();
      if (base) alone(() => compare(base, false));
    },
  };
}
