/**
 * Which page of the admin this is, told by its URL; and what on it is ours to
 * care for. Skins change every class and most ids, but neither the URLs nor the
 * form's.
 */

const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** @param {string} segment */
function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * What follows the admin's prefix, tried as change, add, and list page.
 *
 * @param {string[]} rest   segments, decoded
 * @param {boolean} exact   nothing may stand before app and model
 * @returns {Omit<import('./types.js').PageId, 'popup'>|null}
 */
function match(rest, exact) {
  const n = rest.length;
  const last = rest[n - 1];
  /** @type {['change'|'add'|'list', number][]} */
  const shapes = [
    ['change', last === 'change' ? 4 : 0],
    ['add', last === 'add' ? 3 : 0],
    ['list', 2],
  ];
  for (const [page, length] of shapes) {
    if (!length || n < length || (exact && n !== length)) continue;
    const [app, model, object] = rest.slice(n - length);
    if (!NAME.test(app) || !NAME.test(model)) continue;
    return { page, app, model, object: page === 'change' ? object : '' };
  }
  return null;
}

/**
 * Only the page itself can tell that a list is one: look for #result_list.
 *
 * @param {string} pathname
 * @param {string} search
 * @param {string|null} [adminPrefix]  such as "/admin/"; without it the
 *   shortest prefix is taken with which the path is a page. It may stand behind
 *   others, such as a language's.
 * @returns {import('./types.js').PageId|null}
 */
export function identify(pathname, search, adminPrefix) {
  if (!pathname.endsWith('/')) return null;
  const popup = new URLSearchParams(search).has('_popup');
  const prefix = `/${adminPrefix || ''}/`.replace(/\/+/g, '/');
  let at = adminPrefix ? pathname.indexOf(prefix) : 0;
  for (; at >= 0; at = pathname.indexOf(prefix, at + 1)) {
    const rest = pathname.slice(at + prefix.length, -1).split('/').map(decode);
    const found = match(rest, !!adminPrefix);
    if (found) return { ...found, popup };
    if (!adminPrefix) break;
  }
  return null;
}

/**
 * The room of a page: the object's on change pages, else the model's.
 *
 * @param {string} base  URL of the prefix, http or https, ends in "/"
 * @param {import('./types.js').PageId} id
 */
export function socketUrl(base, id) {
  const app = encodeURIComponent(id.app);
  const model = encodeURIComponent(id.model);
  const room = id.page === 'change'
    ? `${app}/${model}/${encodeURIComponent(id.object)}/`
    : `${app}.${model}/`;
  return base.replace(/^http/, 'ws') + room;
}

/**
 * @param {Document} doc
 * @returns {HTMLFormElement|null}
 */
export function findForm(doc) {
  /** @type {NodeListOf<HTMLFormElement>} */
  const forms = doc.querySelectorAll('form[id$="_form"]');
  for (const form of forms) {
    // form.method would be an input of that name.
    if ((form.getAttribute('method') || '').toLowerCase() === 'post' &&
        form.querySelector('[name="csrfmiddlewaretoken"]')) return form;
  }
  return null;
}

/**
 * Whether the package's own scripts are at work here.
 *
 * @param {object} global
 */
export function hasPackage(global) {
  return Object.keys(global).some((k) => k.startsWith('ADMIN_COLLABORATOR_'));
}
