/**
 * The browser client of collabd: finds out where it is, and starts.
 */
import { connect, reserve, show, stop } from './app.js';
import { findForm, hasPackage, identify } from './page.js';

/**
 * The script may run before the page is there (`async`), and then uses the time
 * until it is: the socket is opened at once, and the bar has its place as soon
 * as the form begins.
 *
 * @param {HTMLScriptElement} script
 */
function boot(script) {
  const { admin, prefix, replace } = script.dataset;
  const isTheirs = () => replace === undefined && hasPackage(window);
  const page = identify(location.pathname, location.search, admin);
  if (!page || isTheirs()) return;
  const base = new URL(prefix ? `${prefix}/` : '.', script.src).href
    .replace(/\/+$/, '/');

  if (page.page === 'list') {
    // Other pages have such a path too.
    parsed(() => {
      if (!document.getElementById('result_list') || isTheirs()) return;
      connect(page, base);
      show(null);
    });
    return;
  }
  const loading = document.readyState === 'loading';
  if (!loading && !findForm(document)) return;
  connect(page, base);
  const watch = new MutationObserver(seek);
  function seek() {
    const form = !isTheirs() && findForm(document);
    if (!form) return;
    watch.disconnect();
    reserve(form);
  }
  if (loading) {
    watch.observe(document, { childList: true, subtree: true });
  }
  parsed(() => {
    watch.disconnect();
    const form = findForm(document);
    if (form && !isTheirs()) show(form);
    else stop();
  });
}

/**
 * Calls when the whole document is there.
 *
 * @param {() => void} then
 */
function parsed(then) {
  if (document.readyState !== 'loading') then();
  else document.addEventListener('readystatechange', then, { once: true });
}

const script = /** @type {HTMLScriptElement} */ (document.currentScript);
// A page that is loaded in advance may never be seen.
if (/** @type {any} */ (document).prerendering) {
  document.addEventListener('prerenderingchange', () => boot(script),
    { once: true });
} else {
  boot(script);
}
