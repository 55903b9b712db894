/**
 * What a tab remembers from one page to the next. A browser may forbid storage:
 * then nothing is remembered, and nothing fails.
 */

const PREFIX = 'collabd:';

/**
 * @param {string} key
 * @returns {any} what was put there, or null
 */
export function get(key) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + key) || 'null');
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value  null or undefined: forget it
 * @returns {boolean}      whether it is kept
 */
export function put(key, value) {
  try {
    if (value === null || value === undefined) {
      sessionStorage.removeItem(PREFIX + key);
    } else {
      sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads and forgets.
 *
 * @param {string} key
 */
export function take(key) {
  const value = get(key);
  put(key, null);
  return value;
}

/**
 * The keys that begin with a text.
 *
 * @param {string} start
 * @returns {string[]}
 */
export function keys(start) {
  try {
    return Object.keys(sessionStorage)
      .filter((k) => k.startsWith(PREFIX + start))
      .map((k) => k.slice(PREFIX.length));
  } catch {
    return [];
  }
}
