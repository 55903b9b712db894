/**
 * Words, plurals, numbers and times in the language of the page.
 *
 * A text is found in this order: what the site has set (hello's
 * settings.texts, by the package's names), the page's language, English.
 */

/**
 * One text, or one for each plural category.
 * @typedef {string|Record<string, string>} Message
 *
 * @typedef {Record<string, Message>} Messages
 * @typedef {ReturnType<typeof makeI18n>} I18n
 */

/**
 * Texts of the package for which our languages have no words of their own.
 * @type {Record<string, string>}
 */
const SAME_AS = {
  chat_offline_placeholder: 'chat_offline_status_text',
  chat_cannot_send_message: 'error',
};

/**
 * The language to use for an <html lang>: the closest one that there is.
 *
 * @param {string} wanted
 * @param {string[]} there
 */
export function choose(wanted, there) {
  const code = wanted.toLowerCase().replace('_', '-');
  const base = code.split('-')[0];
  return [code, base].find((c) => there.includes(c)) || 'en';
}

/**
 * Puts parameters into a text. A name that is not known stays as it stands, so
 * that a typing error of a site is seen.
 *
 * @param {string} text
 * @param {Record<string, string>} params
 */
export const fill = (text, params) =>
  text.replace(/\{(\w+)\}/g, (all, name) => name in params ? params[name]
    : all);

/**
 * Some browsers of 2021 lack some of Intl; what is missing is said plainly.
 *
 * @template T
 * @param {() => T} make
 */
function attempt(make) {
  try {
    return make();
  } catch {
    return null;
  }
}

/**
 * Speaks English until use() is called.
 *
 * @param {Messages} english
 */
export function makeI18n(english) {
  let locale = 'en';
  let words = english;

  // The first use of Intl on a page takes a browser many milliseconds: what
  // most pages begin with does without.

  /**
   * Of our languages Arabic alone may have digits of its own.
   *
   * @param {number} n
   */
  const number = (n) => n < 1000 && !locale.startsWith('ar') ? String(n)
    : n.toLocaleString(locale);

  const self = {
    /** @type {Record<string, string>} */
    texts: {},

    /**
     * Another language.
     *
     * @param {string} tag         for plurals, numbers and times: "de-at"
     * @param {Message[]} messages in the order of the English ones, which is
     *   how the build writes them: without their names
     */
    use(tag, messages) {
      locale = attempt(() => Intl.getCanonicalLocales(tag)[0]) || 'en';
      Object.keys(english).forEach((key, n) => {
        words = { ...words, [key]: messages[n] };
      });
    },

    number,

    /**
     * "42 sec", "5 min"
     *
     * @param {number} ms
     */
    span(ms) {
      const s = Math.max(0, Math.ceil(ms / 1000));
      const n = s < 100 ? s : Math.round(s / 60);
      const unit = s < 100 ? 'second' : 'minute';
      return attempt(() => new Intl.NumberFormat(locale, { style: 'unit',
        unit, unitDisplay: 'short' }).format(n)) || number(n) + unit[0];
    },

    /**
     * "10:42", with the day if it is another.
     *
     * @param {number} when
     */
    clock(when) {
      const date = new Date(when);
      return date.toLocaleString(locale, { timeStyle: 'short', dateStyle:
        date.toDateString() === new Date().toDateString() ? undefined
          : 'short' });
    },

    /**
     * "Ann, Bob and Carol"
     *
     * @param {string[]} names
     * @returns {string}
     */
    list: (names) => (names.length > 1 && attempt(() =>
      new /** @type {any} */ (Intl).ListFormat(locale).format(names))) ||
      names.join(', '),

    /**
     * @param {string} key
     * @param {Record<string, string>} [params]
     * @param {number} [count]  for {n} and the plural
     */
    t(key, params, count = 1) {
      const text = self.texts[key] || words[SAME_AS[key] || key] || '';
      return fill(typeof text === 'string' ? text
        : text[new Intl.PluralRules(locale).select(count)] || text.other,
      { n: number(count), ...params });
    },
  };
  return self;
}
