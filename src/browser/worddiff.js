/**
 * Long texts, word by word: what one version has that another has not, and two
 * versions put together. Pure.
 */

/** More comparisons than this take too long for somebody who waits. */
const STEPS_MAX = 4e6;
/** The part of a text that is worth to be shown as what has not changed. */
const LITTLE = 4;

/**
 * Words and signs, with the space behind them: blanks alone are nothing that
 * two texts have in common.
 *
 * @param {string} text
 */
const words = (text) =>
  text.match(/(?:[\p{L}\p{N}_]+|[^\p{L}\p{N}_])\s*/gu) ?? [];

/**
 * The pairs of places at which both have the same word, in order: a longest
 * common subsequence.
 *
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[number, number][]}
 */
function matches(a, b) {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let [x, y] = [a.length, b.length];
  while (x > from && y > from && a[x - 1] === b[y - 1]) {
    x--;
    y--;
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0; i < from; i++) pairs.push([i, i]);
  pairs.push(...middle(a, b, from, x, y));
  for (let i = 0; x + i < a.length; i++) pairs.push([x + i, y + i]);
  return pairs;
}

/**
 * @param {string[]} a
 * @param {string[]} b
 * @param {number} from  of both
 * @param {number} x     the end in a
 * @param {number} y     the end in b
 * @returns {[number, number][]}
 */
function middle(a, b, from, x, y) {
  const [n, m] = [x - from, y - from];
  if (n * m > STEPS_MAX) return [];
  // Of what begins at i and j: how long the common rest is.
  const width = m + 1;
  const rest = new Uint32Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      rest[i * width + j] = a[from + i] === b[from + j]
        ? rest[(i + 1) * width + j + 1] + 1
        : Math.max(rest[(i + 1) * width + j], rest[i * width + j + 1]);
    }
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0, j = 0; i < n && j < m;) {
    if (a[from + i] === b[from + j]) {
      pairs.push([from + i++, from + j++]);
    } else if (rest[(i + 1) * width + j] >= rest[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}

/**
 * @typedef {{tag: ''|'del'|'ins', text: string}} Piece
 *
 * What became of a text. Where next to nothing is left of it, that is said as
 * a whole, which is easier to read.
 *
 * @param {string} before
 * @param {string} after
 * @returns {Piece[]}
 */
export function diff(before, after) {
  const [a, b] = [words(before), words(after)];
  /** @type {Piece[]} */
  const pieces = [];
  /**
   * @param {Piece['tag']} tag
   * @param {string} text
   */
  const add = (tag, text) => {
    const last = pieces[pieces.length - 1];
    if (last?.tag === tag) last.text += text;
    else if (text) pieces.push({ tag, text });
  };
  let [i, j] = [0, 0];
  for (const [x, y] of [...matches(a, b),
    /** @type {[number, number]} */ ([a.length, b.length])]) {
    add('del', a.slice(i, x).join(''));
    add('ins', b.slice(j, y).join(''));
    add('', a[x] ?? '');
    [i, j] = [x + 1, y + 1];
  }
  const kept = pieces.filter((p) => !p.tag).map((p) => p.text).join('');
  return after && kept.length * LITTLE < Math.max(before.length, after.length)
    ? [{ tag: 'ins', text: after }] : pieces;
}

/**
 * Puts both together: what one of them has changed is taken; where both have,
 * mine stands before theirs, for a person to put right.
 *
 * @param {string} base
 * @param {string} theirs
 * @param {string} mine
 */
export function weave(base, theirs, mine) {
  const [b, t, m] = [words(base), words(theirs), words(mine)];
  const inTheirs = new Map(matches(b, t));
  const inMine = new Map(matches(b, m));
  let text = '';
  let [i, j, k] = [0, 0, 0];
  for (let at = 0; at <= b.length; at++) {
    const y = at < b.length ? inTheirs.get(at) : t.length;
    const z = at < b.length ? inMine.get(at) : m.length;
    if (y === undefined || z === undefined) continue;
    // From one word that all have to the next.
    const was = b.slice(i, at).join('');
    const they = t.slice(j, y).join('');
    const me = m.slice(k, z).join('');
    text += they === was || they === me ? me : me === was ? they
      : me + (me && they ? ' ' : '') + they;
    text += b[at] ?? '';
    [i, j, k] = [at + 1, y + 1, z + 1];
  }
  return text;
}
