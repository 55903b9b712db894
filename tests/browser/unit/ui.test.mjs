/* What the seen part of the client says, and whether it can be read. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { objectOf } from '../../../src/browser/badges.js';
import { say, sayNotice } from '../../../src/browser/bar.js';
import { choose, fill, makeI18n } from '../../../src/browser/i18n.js';
import { COLOURS, colour, initials } from '../../../src/browser/people.js';
import { isDark } from '../../../src/browser/theme.js';
import { views } from '../gallery/views.mjs';

const source = new URL('../../../src/browser/', import.meta.url);
const read = (name) => readFileSync(new URL(name, source), 'utf8');
const codes = readdirSync(new URL('lang/', source)).map((f) => f.slice(0, 2));
const words = (code) => JSON.parse(read(`lang/${code}.json`));
const en = words('en');

const names = (text) => [...new Set((typeof text === 'string' ? text
  : Object.values(text).join()).match(/\{\w+\}/g) || [])].sort();

test('eight languages are there', () => {
  assert.deepEqual(codes.sort(),
    ['ar', 'de', 'en', 'es', 'fr', 'ja', 'pt', 'tr']);
});

/** Categories with the words of `other`, which is what t() falls back to. */
const LIKE_OTHER = { ar: { later: ['many'],
  notification_message: ['few', 'many'] } };

for (const code of codes) {
  test(`${code}: the same names, placeholders and one text a line`, () => {
    const there = words(code);
    assert.deepEqual(Object.keys(there), Object.keys(en));
    for (const key of Object.keys(en)) {
      assert.ok(there[key].length !== 0, key);
      assert.deepEqual(names(there[key]), names(en[key]), key);
    }
    assert.equal(read(`lang/${code}.json`).trimEnd().split('\n').length,
      Object.keys(en).length + 2);
  });

  test(`${code}: every number has its plural`, () => {
    const rules = new Intl.PluralRules(code);
    for (const [key, text] of Object.entries(words(code))) {
      if (typeof text === 'string') {
        // One form will do only where the language has one, or does not
        // decline here.
        assert.ok(typeof en[key] === 'string' || ['ja', 'tr'].includes(code),
          key);
      } else {
        assert.ok(text.other, key);
        for (const n of [1, 2, 5, 11]) {
          const form = rules.select(n);
          assert.ok(form in text || LIKE_OTHER[code]?.[key]?.includes(form),
            `${key} ${n}`);
        }
      }
    }
  });

  test(`${code}: the build's list of texts is what use() takes`, () => {
    const i18n = makeI18n(en);
    i18n.use(code, Object.values(words(code)));
    assert.equal(i18n.t('send'), words(code).send);
    assert.ok(i18n.span(42000).length > 0);
    assert.ok(i18n.clock(0).length > 0);
    assert.ok(i18n.list(['A', 'B']).includes('B'));
  });
}

test('the closest language', () => {
  const there = ['de', 'pt', 'ja'];
  for (const [wanted, code] of [['de', 'de'], ['de-AT', 'de'], ['pt_BR', 'pt'],
    ['zh-hans', 'en'], ['', 'en'], ['JA', 'ja'], ['den', 'en']]) {
    assert.equal(choose(wanted, there), code, wanted);
  }
});

test('a language tag that is none does no harm', () => {
  const i18n = makeI18n(en);
  i18n.use('no such tag!', Object.values(en));
  assert.equal(i18n.number(5), '5');
});

test('texts of the site come first, with the names of the package', () => {
  const i18n = makeI18n(en);
  i18n.texts = { viewer_mode_text: 'Wait for {editor_name} {x}!',
    editor_mode_text: '' };
  assert.equal(i18n.t('viewer_mode_text', { editor_name: 'Ann' }),
    'Wait for Ann {x}!');
  assert.equal(i18n.t('editor_mode_text'), en.editor_mode_text);
  assert.equal(i18n.t('notification_message', { username: 'A' }, 2),
    'A ask to edit');
  assert.equal(fill('{a}{a}', { a: '{b}', b: 'c' }), '{b}{b}');
});

test('a span of time', () => {
  const { span } = makeI18n(en);
  assert.equal(span(41001), '42 sec');
  assert.equal(span(-5), '0 sec');
  assert.equal(span(300000), '5 min');
});

test('the object of a row, from its link', () => {
  const list = '/de/admin/shop/article/';
  for (const [path, object] of [[`${list}7/change/`, '7'],
    [`${list}a_2Fb/change/`, 'a_2Fb'], [`${list}%C3%BC%20x/change/`, 'ü x'],
    [`${list}%E0/change/`, null], [`${list}add/`, null],
    [`${list}7/delete/`, null], ['/de/admin/shop/tag/7/change/', null],
    [`${list}change/`, null], [`${list}7/change/x`, null], [list, null]]) {
    assert.equal(objectOf(path, list), object, path);
  }
});

test('initials', () => {
  for (const [name, letters] of [['Ann Lee', 'AL'], ['ann', 'A'], ['', ''],
    ['Ann Maria van Lee', 'AL'], ['山田 太郎', '山太'], ['a.b@c', 'AC'],
    ['𝒜b', '𝒜'], [' ', '']]) {
    assert.equal(initials(name), letters, name);
  }
});

/** WCAG's contrast of two colours. */
function contrast(a, b) {
  const light = (hex) => [1, 3, 5].map((i) =>
    parseInt(hex.slice(i, i + 2), 16) / 255).map((v) =>
    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

test('colours of faces: letters are read, the face is seen', () => {
  for (const c of COLOURS) {
    assert.ok(contrast(c, '#ffffff') >= 4.5, `${c} letters`);
    assert.ok(contrast(c, '#121212') >= 3, `${c} on dark`);
  }
  assert.equal(colour(1), colour('1'));
  assert.ok(new Set(Array.from({ length: 30 }, (_, n) => colour(n))).size > 5);
});

test('dark or light', () => {
  assert.ok(isDark('rgb(18, 18, 18)'));
  assert.ok(isDark('rgba(15, 23, 42, 0.9)'));
  assert.ok(!isDark('rgb(255, 255, 255)'));
  assert.ok(!isDark('oklch(0.98 0 0)'));
  assert.ok(!isDark(''));
});

test('the heights that are reserved are those of the style sheet', () => {
  const css = read('client.css');
  const reserve = /RESERVE = \{([^}]*)\}/s.exec(read('ui.js'))[1];
  const of = (name) => Number(new RegExp(`\\b${name}: ([\\d.]+)`)
    .exec(reserve)[1]);
  const line = (rem) => `min-height: ${rem}rem`;
  // A line is lower than the bar by its two borders of a sixteenth.
  for (const rem of [of('wide'), of('wide') - 0.125, of('slim'),
    of('slim') - 0.125, of('narrow') - 0.125, of('draft'),
    of('draftNarrow')]) {
    assert.ok(css.includes(line(rem)), line(rem));
  }
  assert.ok(css.includes(`@container (max-width: ${of('below')}px)`));
});

const NO_ACTIONS = new Proxy({}, { get: () => () => undefined });
const line = (view) => say({ ...views.editor, ...view }, makeI18n(en),
  NO_ACTIONS, () => undefined);
const acts = ({ buttons }) =>
  buttons.filter(Boolean).map(([act]) => act).join();

test('what the bar says, and offers', () => {
  for (const [name, tone, text, offered] of [
    ['checking', 'plain', en.checking, ''],
    ['editor', 'plain', en.editor_mode_text, 'stop'],
    ['asked', 'warn', 'Ann Lee asks to edit', 'hand_over,later'],
    ['asked_three', 'warn', 'Ann Lee, Carol Núñez, and Dan Wu ask to edit',
      'hand_over,later'],
    ['countdown', 'warn', 'Ann Lee asks to edit', 'later,hand_over'],
    ['hold', 'plain', en.editor_mode_text, 'hand_over,stop'],
    ['viewer', 'info', 'Ann Lee is editing. You can read along.', 'ask'],
    ['viewer_may_take_over', 'info', 'Ann Lee is editing. You can read along.',
      'ask,take_over'],
    ['waiting', 'info', 'You are number 2 in the line', 'cancel,take_over'],
    ['offered', 'good', en.offered, 'start,decline'],
    ['free', 'info', en.free, 'start'],
    ['head_start', 'info', en.claiming_editor_text, 'start'],
    ['other_tab', 'warn', en.other_tab, 'use_here'],
    ['view_only', 'plain', '', ''],
    ['offline', 'warn', en.offline, 'retry'],
    ['signed_out', 'bad', en.signed_out, 'reload'],
    ['newer', 'info', 'Ann Lee has saved a newer version', 'reload,keep'],
    ['newer_dirty', 'warn', 'Ann Lee has saved a newer version',
      'compare,keep'],
    ['deleted', 'info', 'Ann Lee has deleted this', 'keep'],
    ['held', 'info', en.checking, 'cancel'],
    ['held_newer', 'bad',
      'Your changes were not saved. Ann Lee has saved a newer version',
      'cancel,save_anyway'],
    ['add', 'plain', '', ''],
    ['list', 'plain', '', ''],
  ]) {
    const said = line(views[name]);
    assert.deepEqual([said.tone, said.text, acts(said)],
      [tone, text, offered], name);
  }
});

test('who may stop editing', () => {
  assert.equal(acts(line({ people: views.editor.people.slice(0, 1) })), '');
  assert.equal(acts(line({ dirty: true })), '');
  assert.equal(acts(line({ ...views.hold, dirty: true })), 'hand_over');
});

test('what is most urgent comes first', () => {
  const { newer } = views.newer;
  assert.equal(line({ ...views.asked, newer }).text, 'Ann Lee asks to edit');
  assert.equal(line({ ...views.offered, newer }).text, en.offered);
  assert.equal(line({ ...views.asked, phase: 'offline' }).text, en.offline);
  assert.equal(acts(line({ ...views.viewer, phase: 'offline',
    saveHeld: 'checking' })), 'cancel');
});

test('notices in words', () => {
  const text = (key, params = {}) => sayNotice(makeI18n(en),
    { id: 1, tone: 'error', text: key, params });
  assert.equal(text('save_refused', { name: 'Ann' }),
    'Your changes were not saved. Ann is editing');
  assert.equal(text('save_refused', { name: '' }), en.save_refused);
  assert.equal(text('lost_taken_over', { name: 'Ann', reason: 'Late' }),
    'Ann has taken over editing. “Late”');
  assert.equal(text('lost_handed_over', { name: 'Ann' }),
    'You are no longer the editor. Ann is editing');
  assert.equal(text('lost_silent'), en.lost);
  assert.equal(text('lost_forbidden'), en.forbidden);
  assert.equal(text('error_too_soon'), en.too_soon);
  assert.equal(text('error_held'), en.error);
  assert.equal(text('error_other', { message: 'Odd' }), 'Odd');
  assert.equal(text('attention', { name: 'Ann' }), 'Ann asks to edit');
});
