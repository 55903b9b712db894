/**
 * Compares the page with what is saved, by content: before every save, and when
 * the user asks for it. If nothing differs the save goes on; else the panel's
 * script is loaded (panel.js), which has all the rest.
 */
import { catchUp, differs, restless } from './cells.js';
import { fetchForm } from './check.js';
import { loaded, readForm } from './formvalues.js';

/**
 * @typedef {import('./formvalues.js').Values} Values
 * @typedef {import('./form.js').Form} Form
 *
 * @typedef {Object} Host       the page around it
 * @property {() => Partial<import('./types.js').Settings>} settings
 * @property {() => string} who  who has saved last, if that is not shown here
 * @property {() => import('./types.js').Tools} tools
 * @property {() => Promise<typeof import('./panel.js')>} load
 * @property {(what: 'unseen'|'comparing'|'merging'|null) => void} hold  the
 *   save that was stopped, or the page that is being compared
 * @property {() => boolean} held  it still is: nobody has cancelled
 * @property {(result: string) => void} count
 * @property {() => void} failed  a save cannot be compared
 * @property {() => void} sorry   says that this did not work
 * @property {() => () => void} newest  to be called before asking; what it
 *   returns, when the page has what is saved
 * @property {() => void} keep    the text, as a draft
 * @property {() => Promise<boolean>} copy
 * @property {() => void} retry   the connection
 *
 * @typedef {{what: 'form', form: HTMLFormElement, values: Values} |
 *   Exclude<import('./check.js').Answer, {what: 'form'}>} Found
 */

/** Of the daemon before its first word. */
const CHECK_S = 3;
/** @type {Values} */
const NOTHING = { cells: new Map(), rows: new Map() };
/** The page and what was asked for: as many, no two the same, are restless. */
const READINGS = 4;

/**
 * @param {HTMLFormElement} element
 * @param {Form} form
 * @param {Host} host
 */
export function createCompare(element, form, host) {
  let busy = false;
  /** @type {Promise<typeof import('./panel.js')>|null} */
  let script = null;
  /** @type {import('./panel.js').Panel|null} */
  let panel = null;
  /** What changes by itself. @type {Set<string>} */
  const quiet = new Set();
  /** What this page has submitted. @type {Values|null} */
  let sent = null;

  function load() {
    script ??= host.load();
    script.catch(() => {
      script = null;
    });
    return script;
  }

  async function thePanel() {
    const { createPanel } = await load();
    panel ??= createPanel(form, host);
    return panel;
  }

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
   * @returns {Promise<Found>}
   */
  async function look(base) {
    const answer = await ask();
    if (answer.what !== 'form') return answer;
    let { form: fresh } = answer;
    const readings = [base, read(fresh)];
    // Two that differ may as well be two saves.
    while (readings.length < READINGS &&
      differs(base, readings[readings.length - 1])) {
      const next = await ask();
      if (next.what !== 'form') break;
      fresh = next.form;
      readings.push(read(fresh));
      if (!restless(readings).length) break;
    }
    if (readings.length === READINGS) {
      restless(readings).forEach((key) => quiet.add(key));
    }
    return { what: 'form', form: fresh, values: read(fresh) };
  }

  /** @param {boolean} saves  the user wants to save; else only to see */
  async function compare(saves) {
    const newest = host.newest();
    const before = form.base();
    const found = await look(before ?? NOTHING);
    let same = false;
    if (found.what === 'form' && before) {
      const base = sent ? catchUp(before, sent, found.values) : before;
      form.setBase(base);
      same = !differs(base, found.values);
    }
    host.count(same ? 'same' : found.what === 'form' ? 'differs'
      : found.what === 'failed' ? found.why : found.what);
    if (!host.held()) return;
    if (found.what === 'failed') {
      host.hold(null);
      if (saves) host.failed();
      return;
    }
    if (found.what === 'form') {
      form.freshen(found.form);
      if (same) {
        newest();
        host.hold(null);
        if (saves) form.submit(true);
        return;
      }
    }
    (await thePanel()).found(found, newest, saves ? form.submit : null, update);
  }

  /**
   * One at a time: the second click of a double click is the same save.
   *
   * @param {boolean} saves
   */
  async function start(saves) {
    if (busy) return;
    busy = true;
    host.hold('comparing');
    try {
      await compare(saves);
    } catch {
      // There is something, and nobody can see what.
      host.hold(saves ? 'unseen' : null);
      if (!saves) host.sorry();
    }
    busy = false;
  }

  const update = () => start(false);

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
      if (how === 'on' && !checked && button !== '_saveasnew') {
        if (form.base()) return 'check';
        host.count('unreadable');
        return what;
      }
      if (how === 'on') sent = form.values();
      return how === 'off' || checked ? 'pass' : what;
    },
    /** A submit was stopped for it. */
    save: () => start(true),
    /** The user wants to see what is newer than the page. */
    update,
    /**
     * Puts a draft back. What was changed on both sides is asked, and what the
     * page has no place for shown.
     *
     * @param {import('./drafts.js').Draft} draft
     * @param {() => void} done  it is in the form
     */
    restore: (draft, done) => thePanel().then((p) => p.restore(draft, done),
      host.sorry),
    /**
     * What would be needed is here then, although the server is updated, or
     * away, before it is.
     */
    warm() {
      if (host.settings().save_check === 'on') load().catch(() => {});
    },
  };
}
