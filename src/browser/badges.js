/**
 * Who edits which row of a change list. Rows are found by the admin's own
 * means: #result_list is in plain Django, Jazzmin, Unfold and Grappelli alike.
 */
import { h, icon, patch, sign } from './dom.js';
import { initials } from './people.js';

/**
 * @typedef {import('./types.js').Who} Who
 * @typedef {import('./i18n.js').I18n} I18n
 */

/**
 * The object of a change page's URL, as its segment stands there, decoded once.
 *
 * @param {string} path
 * @param {string} list   path of the change list, ends in "/"
 * @returns {string|null} null: it is not a change page of this list's model
 */
export function objectOf(path, list) {
  const [segment, rest, more] = path.startsWith(list)
    ? path.slice(list.length).split('/') : [];
  try {
    return segment && rest === 'change' && more === ''
      ? decodeURIComponent(segment) : null;
  } catch {
    return null;
  }
}

/**
 * @param {I18n} i18n
 * @param {string} list   path of the change list
 */
export function makeBadges({ t }, list) {
  /** @type {Map<string, Who>} */
  let editors = new Map();
  let due = false;

  /**
   * @param {Element} row
   * @param {Element} host
   */
  const drawRow = (row, host) => {
    const links = row.querySelectorAll('a');
    const link = [...links].find((a) => objectOf(a.pathname, list) !== null);
    const who = link && editors.get(objectOf(link.pathname, list) || '');
    const text = who && t('badge', { name: who.name });

    patch(host, [text && h('span', { class: 'cb-badge', title: text },
      icon('pencil'), sign('', initials(who.name)),
      h('span', { class: 'cb-sr' }, text))]);
    if (!text) host.remove();
    else if (!host.isConnected) link.after(host);
  };

  const draw = () => {
    due = false;
    for (const row of document.querySelectorAll('#result_list tbody tr')) {
      drawRow(row, row.querySelector('.cb-badges') || Object.assign(
        document.createElement('span'), { className: 'cb-badges' }));
    }
  };

  const soon = () => {
    if (!due) requestAnimationFrame(draw);
    due = true;
  };

  // Rows may be replaced: htmx, filters of a skin.
  new MutationObserver(soon).observe(document.body,
    { childList: true, subtree: true });

  return {
    /** @param {Record<string, Who>} objects */
    setAll(objects) {
      editors = new Map(Object.entries(objects));
      soon();
    },
    /**
     * @param {string} object
     * @param {Who|null} editor
     */
    setOne(object, editor) {
      if (editor) editors.set(object, editor);
      else editors.delete(object);
      soon();
    },
    soon,
  };
}
