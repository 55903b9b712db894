import assert from 'node:assert/strict';
import test from 'node:test';
import { catchUp, differs, restless, sameCell } from '../../../src/browser/cells.js';
import { classify } from '../../../src/browser/check.js';
import {
  deleteKey, isNews, merge, overwrites, plan,
} from '../../../src/browser/merge.js';
import { diff, weave } from '../../../src/browser/worddiff.js';

/**
 * A reading of a form: {title: 'x', tags: ['1', '2'], 'c/5/text': 'y'}. What
 * has slashes is of an inline row; a row alone is {'c/5': null}.
 */
function form(fields) {
  const cells = new Map();
  const rows = new Map();
  for (const [key, value] of Object.entries(fields)) {
    const row = value === null ? key : key.split('/').slice(0, -1).join('/');
    if (row && !/(^|\/)\+/.test(row)) {
      rows.set(row, { label: row, prefix: row });
      if (!cells.has(deleteKey(row))) {
        cells.set(deleteKey(row), { values: [[]], row, names: [] });
      }
    }
    if (value === null) continue;
    cells.set(key, { names: [key], values: [[value].flat()], row,
      label: key, shown: String(value), kind: 'short' });
  }
  return { cells, rows };
}

/** As short as the tables have it: "title theirs", "c/5 removed conflict". */
const say = (rows) => rows.map((r) =>
  `${r.key}${r.what === 'field' ? '' : ` ${r.what}`} ${r.kind}`).sort();

const gone = (...keys) => Object.fromEntries(keys.map((k) => [k, ['on']]));

test('three versions of a field', () => {
  const table = [
    ['1', '1', '1', ''],
    ['1', '2', '1', 'a theirs'],
    ['1', '1', '2', 'a mine'],
    ['1', '2', '2', 'a same'],
    ['1', '2', '3', 'a conflict'],
    [[], ['on'], [], 'a theirs'],
    [['on'], ['on'], [], 'a mine'],
    [['1', '2'], ['1', '2', '3'], ['2'], 'a conflict'],
    ['', ' ', '', 'a theirs'],
    // A form without the field says nothing about it.
    ['1', undefined, '2', 'a mine'],
    ['1', undefined, '1', ''],
    ['1', '2', undefined, 'a theirs'],
    [undefined, '1', undefined, ''],
    [undefined, undefined, '1', 'a mine'],
    [undefined, '1', '2', 'a conflict'],
    [undefined, '1', '1', 'a same'],
  ];
  for (const [base, theirs, mine, want] of table) {
    const [b, t, m] = [base, theirs, mine].map((v) =>
      form(v === undefined ? {} : { a: v }));
    assert.deepEqual(say(merge(b, t, m)), want ? [want] : [],
      JSON.stringify([base, theirs, mine]));
  }
});

test('inline rows go by their keys', () => {
  const base = { t: '0', 'c/5/x': 'a', 'c/5/y': 'b', 'c/6/x': 'c' };
  const table = [
    [base, base, []],
    [{ ...base, 'c/5/x': 'A' }, base, ['c/5/x theirs']],
    [{ ...base, 'c/5/x': 'A' }, { ...base, 'c/5/y': 'B' },
      ['c/5/x theirs', 'c/5/y mine']],
    // One more, one less.
    [{ ...base, 'c/7/x': 'd' }, base, ['c/7 added theirs']],
    [{ t: '0', 'c/6/x': 'c' }, base, ['c/5 removed theirs']],
    [{ t: '0', 'c/6/x': 'c' }, { ...base, 'c/5/x': 'A' },
      ['c/5 removed conflict']],
    [{ t: '0', 'c/6/x': 'c' }, { ...base, ...gone('c/5/DELETE') },
      ['c/5 removed same']],
    // I delete what they have changed.
    [base, { ...base, ...gone('c/5/DELETE') }, ['c/5 deleted mine']],
    [{ ...base, 'c/5/x': 'A' }, { ...base, ...gone('c/5/DELETE') },
      ['c/5 deleted conflict']],
    [{ ...base, 'c/6/x': 'A' }, { ...base, ...gone('c/5/DELETE') },
      ['c/5 deleted mine', 'c/6/x theirs']],
    // In another order.
    [{ 'c/6/x': 'c', 'c/5/y': 'b', 'c/5/x': 'a', t: '0' }, base, []],
    // Rows that are not saved are of the page they are on.
    [{ ...base, 'c/+0/x': 'now' }, { ...base, 'c/+0/x': 'typed' },
      ['c/+0/x mine']],
    [{ ...base, 'c/+0/x': 'now' }, base, []],
  ];
  for (const [theirs, mine, want] of table) {
    assert.deepEqual(say(merge(form(base), form(theirs), form(mine))), want,
      JSON.stringify([theirs, mine]));
  }
});

test('how much a save of mine would overwrite', () => {
  const base = form({ a: '1', b: '1', c: '1', 'r/5/x': '1' });
  const rows = merge(base,
    form({ a: '2', b: '2', c: '1', 'r/5/x': '1', 'r/6/x': 'new' }),
    form({ a: '1', b: '3', c: '4', 'r/5/x': '1' }));
  assert.equal(overwrites(rows), 2);
});

test('a conflict is mine until it is chosen', () => {
  const base = form({ a: '1', 'r/5/x': 'old' });
  const theirs = form({ a: '2', 'r/5/x': 'new' });
  const mine = form({ a: '3', 'r/5/x': 'old', ...gone('r/5/DELETE') });
  const rows = merge(base, theirs, mine);
  const values = (choices) => {
    const { cells, remove, keep } = plan(rows, new Map(choices), theirs);
    return [[...cells].map(([k, c]) => `${k}=${c.values}`).sort().join(),
      remove.join(), keep.join()];
  };
  assert.deepEqual(values([]), ['a=3', 'r/5', '']);
  assert.deepEqual(values([['a', 'theirs']]), ['a=2', 'r/5', '']);
  assert.deepEqual(values([['a', { text: 'both' }]]), ['a=both', 'r/5', '']);
  assert.deepEqual(values([['r/5', 'theirs']]),
    ['a=3,r/5/DELETE=,r/5/x=new', '', 'r/5']);
});

// A small generator of numbers, so that a failure can be had again.
function random(seed) {
  let s = seed;
  return (n) => {
    s = (s * 1103515245 + 12345) % 2147483648;
    return Math.floor(s / 65536) % n;
  };
}

function fuzzed(seed) {
  const n = random(seed);
  const base = {};
  for (let i = 0; i < n(6); i++) base[`f${i}`] = String(n(3));
  for (let r = 0; r < n(4); r++) {
    for (let i = 0; i <= n(3); i++) base[`s/${r}/f${i}`] = String(n(3));
  }
  const change = (how) => {
    const fields = { ...base };
    for (const key of Object.keys(fields)) {
      if (n(3) === 0) fields[key] = n(2) ? String(n(3)) : how + n(9);
    }
    return fields;
  };
  const theirs = change('t');
  const mine = change('m');
  const rowsOf = (fields) => [...new Set(Object.keys(fields)
    .filter((k) => k.includes('/')).map((k) => k.replace(/\/[^/]*$/, '')))];
  for (const row of rowsOf(base)) {
    if (n(4) === 0) {
      for (const k of Object.keys(theirs)) {
        if (k.startsWith(`${row}/`)) delete theirs[k];
      }
    }
    if (n(4) === 0) mine[`${row}/DELETE`] = ['on'];
  }
  if (n(3) === 0) theirs['s/9/f0'] = 'added';
  if (n(3) === 0) mine['s/+0/f0'] = 'mine, new';
  return { base: form(base), theirs: form(theirs), mine: form(mine), n };
}

/** What would be submitted after the choices: mine, changed as planned. */
function submitted(mine, todo) {
  const cells = new Map(mine.cells);
  for (const [key, cell] of todo.cells) {
    if (cells.has(key)) cells.set(key, cell);
  }
  for (const row of todo.remove) {
    if (cells.has(deleteKey(row))) {
      cells.set(deleteKey(row), { values: [['on']], row });
    }
  }
  for (const row of todo.keep) {
    cells.set(deleteKey(row), { values: [[]], row });
  }
  return cells;
}

test('fuzzed: what one side alone has changed is never lost', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const { base, theirs, mine, n } = fuzzed(seed);
    const rows = merge(base, theirs, mine);
    const choices = new Map(rows.filter((r) => r.kind === 'conflict' && n(2))
      .map((r) => [r.key, n(2) ? 'mine' : 'theirs']));
    const is = submitted(mine, plan(rows, choices, theirs));
    const marked = (row) => !!is.get(deleteKey(row))?.values[0].length;
    for (const [key, b] of base.cells) {
      const [t, m] = [theirs.cells.get(key), mine.cells.get(key)];
      if (marked(b.row)) continue;
      const chosen = choices.get(key) ?? choices.get(b.row);
      if (sameCell(t, b) && !sameCell(m, b)) {
        // Unless I wanted that row to be theirs after all.
        if (chosen === 'theirs' && b.row) continue;
        assert.ok(sameCell(is.get(key), m), `seed ${seed}: my ${key}`);
      }
      if (t && !sameCell(t, b) && sameCell(m, b)) {
        assert.ok(sameCell(is.get(key), t), `seed ${seed}: their ${key}`);
      }
    }
    for (const row of base.rows.keys()) {
      const removed = !theirs.rows.has(row);
      const mineGone = !!mine.cells.get(deleteKey(row)).values[0].length;
      const changed = rows.some((r) => r.key === row && r.kind === 'conflict');
      // A row that is gone must not be posted as if it was there; one that
      // nobody has removed must stay.
      if (removed) assert.ok(marked(row), `seed ${seed}: ${row} is gone`);
      else if (!mineGone) assert.ok(!marked(row), `seed ${seed}: ${row} stays`);
      else if (!changed) assert.ok(marked(row), `seed ${seed}: I delete ${row}`);
    }
    for (const [key, cell] of mine.cells) {
      if (cell.row.includes('+')) assert.ok(sameCell(is.get(key), cell));
    }
  }
});

test('fuzzed: with nothing changed elsewhere it is the identity', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { base, mine } = fuzzed(seed);
    const rows = merge(base, base, mine);
    assert.ok(!rows.some(isNews), `seed ${seed}`);
    const is = submitted(mine, plan(rows, new Map(), base));
    for (const [key, cell] of mine.cells) {
      assert.ok(sameCell(is.get(key), cell), `seed ${seed}: ${key}`);
    }
    assert.deepEqual(merge(base, base, base), []);
  }
});

test('fuzzed: with nothing of mine it is theirs', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { base, theirs } = fuzzed(seed);
    const rows = merge(base, theirs, base);
    assert.ok(rows.every((r) => r.kind === 'theirs'), `seed ${seed}`);
    const is = submitted(base, plan(rows, new Map(), theirs));
    for (const [key, cell] of theirs.cells) {
      if (base.cells.has(key)) {
        assert.ok(sameCell(is.get(key), cell), `seed ${seed}: ${key}`);
      }
    }
  }
});

test('fuzzed: whether anything differs', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { base, theirs, mine } = fuzzed(seed);
    assert.equal(differs(base, theirs),
      merge(base, theirs, base).some(isNews), `seed ${seed}`);
    // What I have typed is no difference between two pages.
    assert.equal(differs(base, base), false);
    if (!differs(base, theirs)) {
      assert.ok(!merge(base, theirs, mine).some(isNews), `seed ${seed}`);
    }
  }
});

test('what this page has sent is what there was before', () => {
  const base = form({ a: '1', b: '1', 'c/5/x': '1' });
  const sent = form({ a: '2', b: '2', 'c/5/x': '1' });
  // B has been changed once more since.
  const theirs = form({ a: '2', b: '3', 'c/5/x': '1' });
  const mine = form({ a: '4', b: '2', 'c/5/x': '1' });
  assert.deepEqual(say(merge(base, theirs, mine)), ['a conflict', 'b conflict']);
  assert.deepEqual(say(merge(catchUp(base, sent, theirs), theirs, mine)),
    ['a mine', 'b conflict']);
});

test('what changes by itself', () => {
  const f = (a, b) => form({ a, b, c: 'x' });
  assert.deepEqual(restless([f('1', '1'), f('2', '1')]), ['a']);
  assert.deepEqual(restless([f('1', '1'), f('2', '2'), f('3', '2')]), ['a']);
  assert.deepEqual(restless([f('1', '1'), f('2', '1'), f('2', '1')]), []);
});

test('what is not the form', () => {
  const asked = 'https://x.org/de/admin/press/article/5/change/';
  const table = [
    [404, asked, false, 'gone'],
    [410, asked, false, 'gone'],
    [200, 'https://x.org/de/admin/', false, 'gone'],
    [200, 'https://x.org/de/admin/press/article/', false, 'gone'],
    [200, 'https://x.org/de/admin/login/?next=/x', true, 'login'],
    [200, 'https://x.org/accounts/login/', false, 'login'],
    [200, 'https://x.org/two-factor?next=/x', false, 'login'],
    // Who is not logged in gets the log-in itself from some sites.
    [200, asked, true, 'login'],
    [401, asked, false, 'login'],
    [403, asked, false, 'unreadable'],
    [500, asked, false, 'unreadable'],
    [502, asked, true, 'unreadable'],
    [503, 'https://x.org/sorry/', false, 'unreadable'],
    [200, 'https://x.org/maintenance/', false, 'unreadable'],
    [200, asked, false, 'unreadable'],
  ];
  for (const [status, url, password, want] of table) {
    const got = classify({ status, asked, url, password });
    assert.equal(got.what === 'failed' ? got.why : got.what, want,
      `${status} ${url}`);
  }
});

test('texts, word by word', () => {
  const show = (a, b) => diff(a, b).map(({ tag, text }) =>
    (tag === 'del' ? `-${text}-` : tag ? `+${text}+` : text)).join('|');
  assert.equal(show('one two three', 'one two three'), 'one two three');
  assert.equal(show('one two three', 'one three'), 'one |-two -|three');
  assert.equal(show('one three', 'one two three'), 'one |+two +|three');
  assert.equal(show('', 'one'), '+one+');
  assert.equal(show('one', ''), '-one-');
  assert.equal(show('日本語 の 文', '日本語 と 文'), '日本語 |-の -|+と +|文');
  // Next to nothing is left of it.
  assert.equal(show('all of this', 'something else now.'),
    '+something else now.+');
});

test('two texts put together', () => {
  const base = 'The ferry sails on Monday. It is old.';
  assert.equal(weave(base, 'The ferry sails on Friday. It is old.',
    'The small ferry sails on Monday. It is old.'),
  'The small ferry sails on Friday. It is old.');
  assert.equal(weave(base, base, 'Mine.'), 'Mine.');
  assert.equal(weave(base, 'Theirs.', base), 'Theirs.');
  assert.equal(weave(base, 'Same.', 'Same.'), 'Same.');
  const both = weave(base, 'The ferry sails on Friday. It is old.',
    'The ferry sails on Sunday. It is old.');
  for (const word of ['Friday', 'Sunday']) assert.match(both, new RegExp(word));
  assert.equal(weave('', 'a', 'b'), 'b a');
});

test('fuzzed: no word of two texts is lost', () => {
  const pool = ['a ', 'b ', 'c.', 'd\n', 'e ', '日', 'f, '];
  for (let seed = 1; seed <= 2000; seed++) {
    const n = random(seed);
    const text = () => Array.from({ length: n(9) },
      () => pool[n(pool.length)]).join('');
    const [base, theirs, mine] = [text(), text(), text()];
    const both = weave(base, theirs, mine);
    const before = new Set(base);
    for (const letter of [...theirs, ...mine]) {
      if (!before.has(letter)) {
        assert.ok(both.includes(letter), `seed ${seed}: ${letter}`);
      }
    }
    assert.equal(weave(base, base, mine), mine, `seed ${seed}`);
    assert.equal(weave(base, theirs, base), theirs, `seed ${seed}`);
    const pieces = diff(base, theirs);
    assert.equal(pieces.filter((p) => p.tag !== 'del')
      .map((p) => p.text).join(''), theirs, `seed ${seed}`);
  }
});
