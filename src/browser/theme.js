/**
 * Light or dark, and the colours of skins that have no variables of Django's.
 * A shadow root cannot see the attributes of <html>, so that they are told to
 * our roots as an attribute and a few variables.
 */

/**
 * The background that is seen behind an element, as getComputedStyle() has it.
 *
 * @param {Element|null} element
 * @returns {string}
 */
function background(element) {
  if (!element) return '';
  const colour = getComputedStyle(element).backgroundColor;
  return /^(transparent|rgba\(.*, 0\))$/.test(colour)
    ? background(element.parentElement) : colour;
}

/**
 * Whether a background is a dark one: these have little red, as all others.
 *
 * @param {string} css
 */
export function isDark(css) {
  const red = /^rgba?\((\d+)/.exec(css);
  return !!red && Number(red[1]) < 110;
}

/**
 * Tells the roots at once and whenever the page's theme changes.
 *
 * @param {Element} beside       an element of the page where the bar is
 * @param {HTMLElement[]} roots
 */
export function watchTheme(beside, roots) {
  const html = document.documentElement;
  const { body } = document;

  const apply = () => {
    const behind = background(beside);
    // What the page says of itself: Django 4.2 and later, Bootstrap (Jazzmin),
    // Unfold; else what is seen.
    const said = [html.dataset.theme, html.dataset.bsTheme,
      body.dataset.bsTheme, html.classList.contains('dark') && 'dark']
      .find((s) => s === 'dark' || s === 'light');
    // Unfold's, which older versions write as "147 51 234".
    const skin = getComputedStyle(html)
      .getPropertyValue('--color-primary-600').trim();

    for (const { dataset, style } of roots) {
      dataset.cbTheme = said || (isDark(behind) ? 'dark' : 'light');
      style.setProperty('--cb-skin', /^[\d. ]+$/.test(skin)
        ? `rgb(${skin})` : skin);
      style.setProperty('--cb-skin-bg', behind);
      style.setProperty('--cb-skin-fg', getComputedStyle(beside).color);
    }
  };
  // Not in the middle of a transition of the page's colours.
  const soon = () => setTimeout(apply, 200);
  const watch = new MutationObserver(soon);
  const attributeFilter = ['class', 'data-theme', 'data-bs-theme'];

  apply();
  watch.observe(html, { attributeFilter });
  watch.observe(body, { attributeFilter });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', soon);
}
