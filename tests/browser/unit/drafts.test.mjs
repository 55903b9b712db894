import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { parseTime } from '../../../src/browser/clock.js';
import {
  DRAFT_MS, draftKey, draftText, forgetDraft, hasDraft, joinDrafts, loadDraft,
  purgeDrafts, storeDraft, validDraft,
} from '../../../src/browser/drafts.js';
import { differing } from '../../../src/browser/fields.js';
import {
  markSubmit, rememberBase, rememberSeen, seen, takeBase, takeSubmit,
} from '../../../src/browser/saves.js';
import * as session from '../../../src/browser/session.js';

// Storage as browsers have it: text, and keys as properties.
beforeEach(() => {
  class Storage {
    getItem(k) {
      return Object.hasOwn(this, k) ? this[k] : null;
    }

    setItem(k, v) {
      this[k] = String(v);
    }

    removeItem(k) {
      delete this[k];
    }
  }
  globalThis.sessionStorage = new Storage();
});

const field = (name, shown = 'x', label = name) =>
  ({ name, label, shown, values: [shown] });

test('a draft is for one user and one object', () => {
  storeDraft(1, 'a.b/1', { fields: [field('title')] });
  assert.equal(loadDraft(1, 'a.b/1').fields[0].name, 'title');
  assert.equal(loadDraft('1', 'a.b/1').fields[0].name, 'title');
  assert.equal(loadDraft(2, 'a.b/1'), null);
  assert.equal(loadDraft(1, 'a.b/2'), null);
  assert.equal(hasDraft('a.b/1'), true);
  assert.equal(hasDraft('a.b/11'), false);
  forgetDraft(1, 'a.b/1');
  assert.equal(loadDraft(1, 'a.b/1'), null);
});

test('keys cannot be confused', () => {
  assert.notEqual(draftKey('1:x', 'y'), draftKey('1', 'x:y'));
});

test('a draft without fields is none', () => {
  storeDraft(1, 'k', { fields: [] });
  assert.equal(loadDraft(1, 'k'), null);
});

test('a draft expires', () => {
  const draft = { at: 1000, fields: [field('a')] };
  assert.equal(validDraft(draft, 1000 + DRAFT_MS - 1), draft);
  assert.equal(validDraft(draft, 1000 + DRAFT_MS), null);
  for (const bad of [null, 1, {}, { at: 1, fields: [] }, { at: 1 }]) {
    assert.equal(validDraft(bad, 2), null);
  }
});

test('drafts of others are dropped, and old ones', () => {
  storeDraft(1, 'k', { fields: [field('a')] });
  storeDraft(12, 'k', { fields: [field('a')] });
  session.put(draftKey(1, 'old'), { at: 5, fields: [field('a')] });
  session.put('tab', 'stays');
  purgeDrafts(1);
  assert.deepEqual(session.keys(''), ['draft:1:k', 'tab']);
});

test('a draft has its base, and joins an older one', () => {
  const cell = (v) => ({ values: [[v]], names: [] });
  const cells = { base: [['title', cell('a')]], mine: [['title', cell('b')]] };
  storeDraft(1, 'k', { fields: [field('title')], ...cells });
  assert.deepEqual(loadDraft(1, 'k').base, cells.base);
  assert.deepEqual(loadDraft(1, 'k').mine, cells.mine);
  const one = { fields: [field('a', 'x'), field('b')],
    base: [['a', 0], ['b', 0]], mine: [['a', 1], ['b', 1]] };
  const two = { fields: [field('a', 'y')], base: [['a', 0]], mine: [['a', 2]] };
  assert.deepEqual(joinDrafts(two, one), {
    fields: [field('a', 'y'), field('b')],
    base: [['a', 0], ['b', 0]], mine: [['a', 2], ['b', 1]] });
  assert.equal(joinDrafts(two, null), two);
  // One of them does not know what was there: neither does the whole.
  for (const [x, y] of [[two, { fields: one.fields }],
    [{ fields: two.fields }, one]]) {
    const both = joinDrafts(x, y);
    assert.equal(both.base ?? both.mine, undefined);
    assert.equal(both.fields.length, 2);
  }
});

test('what the page was loaded with outlives a submit', () => {
  const base = { cells: new Map([['t', { values: [['x']] }]]),
    rows: new Map([['c/5', { label: '', prefix: 'c-0' }]]) };
  assert.equal(takeBase('k'), null);
  rememberBase('k', base);
  assert.deepEqual(takeBase('k'), base);
  assert.equal(takeBase('k'), null);
  rememberBase('k', null);
  assert.equal(takeBase('k'), null);
});

test('as text for the clipboard', () => {
  assert.equal(draftText([field('t', 'Hello', 'Title'), field('b', 'x\ny', 'B')]),
    'Title: Hello\nB: x\ny');
  // An editor without a name, once with its field and once without.
  assert.equal(draftText([field('b', 'x', 'Body'), field('#text0', 'x', '')]),
    'Body: x');
  assert.equal(draftText([field('#text0', 'x', '')]), 'x');
});

test('differences', () => {
  const map = (o) => new Map(Object.entries(o));
  const was = map({ a: ['1'], b: ['x', 'y'], c: ['on'] });
  assert.deepEqual(differing(was, map({ a: ['1'], b: ['x', 'y'], c: ['on'] })),
    []);
  assert.deepEqual(differing(was, map({ a: ['2'], b: ['x'], d: [''] })),
    ['a', 'b', 'c', 'd']);
});

test('a submit is remembered once, and not for ever', () => {
  markSubmit('k', 5000);
  assert.equal(takeSubmit('k', 6000), 5000);
  assert.equal(takeSubmit('k', 6000), 0);
  markSubmit('k', 5000);
  assert.equal(takeSubmit('k', 5000 + 3600000), 0);
});

test('the last save is remembered', () => {
  assert.equal(seen('k'), 0);
  rememberSeen('k', 77);
  assert.equal(seen('k'), 77);
});

test('without storage nothing fails', () => {
  globalThis.sessionStorage = undefined;
  assert.equal(session.put('a', 1), false);
  assert.equal(session.get('a'), null);
  assert.deepEqual(session.keys(''), []);
  storeDraft(1, 'k', { fields: [field('a')] });
  assert.equal(loadDraft(1, 'k'), null);
});

test('times', () => {
  assert.equal(parseTime('2026-11-24T03:52:19.123456+00:00'),
    Date.UTC(2026, 10, 24, 3, 52, 19, 123));
  assert.equal(parseTime('2026-11-24T03:52:19+00:00'),
    Date.UTC(2026, 10, 24, 3, 52, 19));
  assert.equal(parseTime(null), 0);
  assert.equal(parseTime('soon'), 0);
});
