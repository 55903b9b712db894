// The state, by tables: what happens, one step after the other, and what is
// seen and sent then. Ann (1) is the user of this page, in the tab "t1".
import assert from 'node:assert/strict';
import test from 'node:test';
import { decide } from '../../../src/browser/state.js';
import { ANN, BOB, CAROL, editor, iso, T0, Tab, viewer } from './steps.mjs';

test('the first lock decides the mode', () => {
  const until = iso(T0 + 9000);
  const asked = { ...ANN, asked: true };
  for (const [name, lock, mode, locked, sent] of [
    ['free', {}, 'none', false, 'claim_editor'],
    ['mine', { editor: { ...ANN, tab: 't1' } }, 'editor', false, ''],
    ['mine, as text', { editor: { user_id: '1', name: 'Ann', tab: 't1' } },
      'editor', false, ''],
    ['my other tab', { editor: { ...ANN, tab: 't2' } }, 'other_tab', true, ''],
    ['my package page', { editor: { ...ANN, tab: null } }, 'other_tab', true,
      ''],
    ['bobs', { editor: { ...BOB, tab: 'x' } }, 'viewer', true, ''],
    ['in the line', { editor: { ...BOB, tab: 'x' }, line: [asked] }, 'waiting',
      true, ''],
    ['in the line by itself', { editor: { ...BOB, tab: 'x' },
      line: [{ ...ANN, asked: false }] }, 'viewer', true, ''],
    ['offered', { offer: { user_id: 1, until }, line: [asked] }, 'offered', true,
      ''],
    ['offered to another', { offer: { user_id: 2, until } }, 'free', true, ''],
    ['kept for another', { previous: { user_id: 2, until } }, 'free', true, ''],
    ['kept for me', { previous: { user_id: 1, until } }, 'none', false,
      'claim_editor'],
  ]) {
    const t = new Tab().hello();
    t.take();
    t.lock(lock);
    assert.equal(t.view.mode, mode, name);
    assert.equal(t.state.locked, locked, name);
    assert.equal(t.take(), sent, name);
    assert.equal(t.view.phase, sent ? 'checking' : 'live', name);
  }
});

test('who does not claim', () => {
  for (const [name, facts, hello, mode] of [
    ['no save button', { canSave: false }, {}, 'view_only'],
    ['no permission', {}, { may_change: false }, 'view_only'],
    ['hidden', { visible: false }, {}, 'free'],
    ['an old page', {}, { last_save: { id: 1, ...BOB, when: iso(T0 + 50),
      action: 'change', fields: [] } }, 'free'],
  ]) {
    const t = new Tab(facts).hello(hello).lock();
    assert.equal(t.view.mode, mode, name);
    assert.ok(!t.take().includes('claim'), name);
    assert.equal(t.state.locked, mode === 'free', name);
  }
  for (const page of ['add', 'list']) {
    const t = new Tab({ page: { page, app: 'a', model: 'b', object: '',
      popup: false } }).hello().frame('badges', { objects: {} });
    assert.equal(t.view.mode, 'none');
    assert.equal(t.view.phase, 'live');
    assert.equal(t.take(), 'hello');
    assert.equal(decide(t.state, '_save', t.now), 'pass');
  }
});

test('before the document is there, only hello is said', () => {
  const t = new Tab({ ready: false }).hello().lock();
  assert.equal(t.take(), 'hello');
  t.pass(60000);
  assert.equal(t.take(), '');
  assert.equal(t.view.phase, 'checking');
  t.ready();
  assert.equal(t.take(), 'claim_editor');
  t.mine();
  assert.equal(t.view.mode, 'editor');
});

test('a document that comes late has its time of checking', () => {
  const t = new Tab({ ready: false }).pass(60000).ready();
  assert.equal(t.view.phase, 'checking');
  t.pass(2000);
  assert.equal(t.view.phase, 'offline');
});

test('that a page has no Save may be known late', () => {
  const t = new Tab({ ready: false }).hello().lock().ready(false);
  assert.equal(t.take(), 'hello');
  assert.equal(t.view.mode, 'view_only');
});

test('what was typed before we were there is told, and kept', () => {
  const t = new Tab({ ready: false }).hello().bobs().ready(true, true);
  assert.deepEqual(t.sent.pop(), { type: 'state', state: 'dirty' });
  assert.equal(t.state.locked, true);
  assert.equal(t.wants(), 'keep');
});

test('a claim that is granted goes from checking to editor', () => {
  const t = new Tab().hello().lock();
  assert.equal(t.view.phase, 'checking');
  t.mine();
  assert.equal(t.view.phase, 'live');
  assert.equal(t.view.mode, 'editor');
  assert.equal(t.state.locked, false);
});

test('a claim that another was faster with is no news', () => {
  const t = new Tab().hello().lock()
    .frame('error', { code: 'held', message: '', in_reply_to: 'claim_editor' });
  assert.deepEqual(t.view.notices, []);
  t.take();
  t.pass(3000);
  assert.equal(t.take(), '');
  t.bobs();
  assert.equal(t.view.mode, 'viewer');
  // Free again: again.
  t.lock();
  assert.equal(t.take(), 'claim_editor');
});

test('a claim without an answer is made again, not at once', () => {
  const t = new Tab().hello().lock();
  t.take();
  t.pass(4000);
  assert.equal(t.view.mode, 'free');
  assert.equal(t.take(), '');
  t.pass(10000);
  assert.equal(t.take(), 'claim_editor');
});

test('a viewer becomes the editor when the head start is over', () => {
  const t = viewer();
  t.lock({ previous: { user_id: 2, until: iso(T0 + 5000) } });
  assert.equal(t.view.mode, 'free');
  assert.equal(t.view.headStartUntil, T0 + 5000);
  t.take();
  t.pass(4999);
  assert.equal(t.take(), '');
  t.pass(1);
  assert.equal(t.take(), 'claim_editor');
  assert.equal(t.view.headStartUntil, null);
});

test('a hidden viewer claims when it is seen', () => {
  const t = viewer().do({ type: 'visible', visible: false }).lock();
  assert.equal(t.take(), 'hello,state');
  t.do({ type: 'visible', visible: true });
  assert.equal(t.take(), 'claim_editor,state');
});

test('another tab of mine gives the first one its head start', () => {
  const previous = { user_id: 1, until: iso(T0 + 5000) };
  const t = new Tab().hello().lock({ editor: { ...ANN, tab: 't2' } });
  t.take();
  t.lock({ previous });
  assert.equal(t.take(), '');
  t.pass(5000);
  assert.equal(t.take(), 'claim_editor');
});

test('moving the lock here', () => {
  const t = new Tab().hello().lock({ editor: { ...ANN, tab: 't2' } });
  t.act('moveHere');
  assert.deepEqual(t.sent.pop(), { type: 'claim_editor', move: true });
  t.mine();
  assert.equal(t.view.mode, 'editor');
});

test('an editor that was cut off takes the lock again', () => {
  for (const visible of [true, false]) {
    const t = editor().do({ type: 'visible', visible })
      .do({ type: 'dirty', dirty: true });
    t.do({ type: 'closed', code: 1006 });
    assert.equal(t.view.phase, 'reconnecting');
    assert.equal(t.view.mode, 'editor');
    t.take();
    t.pass(1000).hello()
      .lock({ previous: { user_id: 1, until: iso(T0 + 20000) } });
    assert.equal(t.take(), 'hello,claim_editor');
    assert.equal(t.state.locked, false);
    assert.equal(t.view.mode, 'editor');
    t.mine();
    assert.equal(t.view.ousted, null);
    assert.equal(t.wants(), '');
  }
});

test('an editor that was cut off while another came', () => {
  const t = editor().do({ type: 'dirty', dirty: true })
    .do({ type: 'closed', code: 1006 }).pass(1000).hello().bobs();
  assert.deepEqual(t.view.ousted, { kind: 'lost', name: 'Bob', reason: '' });
  assert.equal(t.wants(), 'keep');
});

test('phases', () => {
  const t = new Tab();
  assert.equal(t.view.phase, 'checking');
  t.pass(1999);
  assert.equal(t.view.phase, 'checking');
  t.pass(1);
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.state.locked, false);
  t.hello().bobs();
  assert.equal(t.view.phase, 'live');
  assert.equal(t.state.locked, true);
  t.do({ type: 'closed', code: 1006 });
  t.pass(4999);
  assert.equal(t.view.phase, 'reconnecting');
  assert.equal(t.view.mode, 'viewer');
  assert.equal(t.state.locked, true);
  // Attempts that fail do not begin it anew.
  t.do({ type: 'closed', code: 1006 });
  t.pass(1);
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.view.mode, 'none');
  assert.equal(t.state.locked, false);
});

test('a session that ended', () => {
  const t = viewer().do({ type: 'closed', code: 4401 });
  assert.equal(t.view.phase, 'signed_out');
  assert.equal(t.state.locked, false);
  t.hello().bobs();
  assert.equal(t.view.phase, 'live');
});

test('a session that cannot be verified: as if the server was away', () => {
  const t = editor().do({ type: 'dirty', dirty: true });
  t.do({ type: 'closed', code: 4503 });
  assert.equal(t.view.phase, 'reconnecting');
  t.pass(5000);
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.state.locked, false);
  assert.equal(t.state.signedOut, false);
  t.hello().mine();
  assert.equal(t.view.phase, 'live');
  assert.equal(t.view.mode, 'editor');
});

test('after a sleep all is unknown', () => {
  const t = viewer().do({ type: 'wake' });
  assert.equal(t.view.phase, 'checking');
  assert.equal(t.state.locked, true);
  assert.equal(decide(t.state, '_save', t.now), 'hold');
  t.pass(2000);
  assert.equal(t.view.phase, 'reconnecting');
  t.pass(3000);
  assert.equal(t.view.phase, 'offline');

  const e = editor().do({ type: 'wake' });
  assert.equal(e.state.locked, false);
  assert.equal(decide(e.state, '_save', e.now), 'hold');
  e.hello().mine();
  assert.equal(decide(e.state, '_save', e.now), 'pass');
});

test('what a submit does', () => {
  const old = { last_save: { id: 1, ...BOB, when: iso(T0 + 50),
    action: 'change', fields: [] } };
  for (const [name, t, button, what] of [
    ['checking', new Tab(), '_save', 'hold'],
    ['checking, claiming', new Tab().hello().lock(), '_save', 'hold'],
    ['editor', editor(), '_save', 'pass'],
    ['viewer', viewer(), '_save', 'refuse'],
    ['viewer, unknown button', viewer(), '', 'refuse'],
    ['viewer, as new', viewer(), '_saveasnew', 'pass'],
    ['checking, as new', new Tab(), '_saveasnew', 'pass'],
    ['view only', new Tab({ canSave: false }), '', 'pass'],
    ['no permission, says the server', new Tab().hello({ may_change: false })
      .lock(), '_save', 'pass'],
    ['offline', new Tab().pass(2000), '_save', 'pass'],
    ['free, old', new Tab().hello(old).lock(), '_save', 'refuse'],
    ['editor, old', new Tab().hello(old).mine(), '_save', 'warn'],
    ['editor, cut off', editor().do({ type: 'closed', code: 1006 }), '_save',
      'pass'],
  ]) {
    assert.equal(decide(t.state, button, t.now), what, name);
  }
});

test('a held submit goes through, or not', () => {
  const held = () => new Tab().do({ type: 'stopped', why: 'hold' });
  assert.equal(held().view.saveHeld, 'checking');
  for (const [name, t, effects, notice, left] of [
    ['editor', held().hello().lock().mine(), 'submit', undefined, null],
    ['viewer', held().hello().bobs(), '', 'save_refused', null],
    ['offline', held().pass(2000), 'submit', undefined, null],
    ['old', held().hello().mine(), 'submit', undefined, null],
  ]) {
    assert.equal(t.wants(), effects, name);
    assert.equal(t.view.notices[0] && t.view.notices[0].text, notice, name);
    assert.equal(t.view.saveHeld, left, name);
  }
  assert.equal(held().hello().bobs().view.notices[0].params.name, 'Bob');
  const once = held().hello().lock().mine().mine();
  assert.equal(once.wants(), 'submit');
});

test('a form that the guard has refused', () => {
  const who = { ...BOB };
  const sent = () => editor().do({ type: 'dirty', dirty: true })
    .do({ type: 'submitted' });
  for (const [name, tab, then, notice, by] of [
    ['told', sent(), (t) => t.frame('save_refused', { tab: 't1', editor: who }),
      'save_refused', 'Bob'],
    ['nobody edits any more', sent(), (t) => t.frame('save_refused',
      { tab: 't1', editor: null }), 'save_refused', ''],
    ['another tab of mine', sent(), (t) => t.frame('save_refused',
      { tab: 't2', editor: who }), undefined, undefined],
    ['found when the socket is back', sent(), (t) => t.do({ type: 'closed',
      code: 1001 }).do({ type: 'open' }).do({ type: 'refused' }),
    'save_refused', ''],
    ['both', sent().bobs(), (t) => t.do({ type: 'refused' })
      .frame('save_refused', { tab: 't1', editor: who }), 'save_refused',
    'Bob'],
  ]) {
    tab.wants();
    then(tab);
    const [first, ...more] = tab.view.notices;
    assert.equal(first?.text, notice, name);
    assert.equal(first?.params.name, by, name);
    assert.deepEqual(more, [], name);
    assert.equal(tab.wants().includes('sentBack'), !!notice, name);
    assert.equal(tab.state.submittedAt === 0, !!notice, name);
    // What was typed is there, and nothing loads the page anew.
    assert.ok(tab.state.dirty, name);
    assert.equal(tab.view.reloadAt, null, name);
  }
});

test('the editor is warned once before overwriting', () => {
  const t = editor().pass(1000).do({ type: 'dirty', dirty: true });
  t.saved(BOB, t.now);
  const press = () => {
    const what = decide(t.state, '_save', t.now);
    if (what !== 'pass') t.do({ type: 'stopped', why: what });
    return what;
  };
  assert.equal(t.view.newer.name, 'Bob');
  assert.equal(t.view.reloadAt, null);
  assert.equal(press(), 'warn');
  assert.equal(t.view.saveHeld, 'newer');
  // A double click has not read it.
  t.pass(300);
  assert.equal(press(), 'warn');
  t.act('saveAnyway');
  assert.equal(t.wants(), 'submit');
  assert.equal(press(), 'pass');
  // Another save: another question.
  t.pass(5000).saved(CAROL, t.now);
  assert.equal(press(), 'warn');
  t.act('cancelSave');
  assert.equal(t.view.saveHeld, null);
  assert.equal(t.wants(), '');
  // Whoever said no is asked again; whoever just presses again has read it.
  assert.equal(press(), 'warn');
  t.pass(1000);
  assert.equal(press(), 'pass');
});

test('own saves are not newer', () => {
  // From this page.
  const t = editor().pass(5000).do({ type: 'submitted' });
  t.saved(ANN, t.now + 200);
  assert.equal(t.view.newer, null);
  assert.equal(t.wants(), 'drop');
  // From the page before, with a clock of Django's that is ahead.
  const last = { id: 1, ...ANN, when: iso(T0 + 900), action: 'change',
    fields: [] };
  assert.equal(new Tab({ mark: T0 - 200 }).hello({ last_save: last })
    .view.newer, null);
  assert.equal(new Tab().hello({ last_save: last }).view.newer.mine, true);
  // In another tab.
  assert.equal(editor().saved(ANN, T0 + 5000).view.newer.mine, true);
  // What this tab has seen before it loaded the page anew.
  assert.equal(new Tab({ seen: T0 + 900 }).hello({ last_save: last })
    .view.newer, null);
});

test('a server whose clock is wrong', () => {
  for (const skew of [-3600000, 3600000]) {
    const t = new Tab({ skew });
    t.hello({ last_save: { id: 1, ...BOB, when: iso(T0 - 200 + skew),
      action: 'change', fields: [] } }).bobs();
    assert.equal(t.view.newer, null);
    t.pass(1000).saved(BOB, t.now);
    assert.equal(t.view.newer.when, T0 + 1000);
    t.lock({ previous: { user_id: 2, until: iso(T0 + 3000 + skew) } });
    assert.equal(t.view.headStartUntil, T0 + 3000);
  }
});

test('a clean page reloads after five seconds without anybody', () => {
  const t = viewer().pass(10000);
  t.saved(BOB, t.now);
  assert.equal(t.view.reloadAt, t.now + 5000);
  t.pass(3000).do({ type: 'input' });
  assert.equal(t.view.reloadAt, t.now + 5000);
  t.pass(4999);
  assert.equal(t.wants(), '');
  t.pass(1);
  assert.equal(t.wants(), 'reload');
});

test('which pages do not reload by themselves', () => {
  for (const [name, change] of [
    ['dirty', (t) => t.do({ type: 'dirty', dirty: true })],
    ['hidden', (t) => t.do({ type: 'visible', visible: false })],
    ['kept', (t) => t.act('keepPage')],
    ['deleted', (t) => t.saved(BOB, t.now + 1, { action: 'delete' })],
    ['in the line', (t) => t.bobs({ line: [{ ...ANN, asked: true }] })],
    ['cut off', (t) => t.do({ type: 'closed', code: 1006 })],
  ]) {
    const t = viewer().pass(1000);
    t.saved(BOB, t.now);
    change(t);
    assert.equal(t.view.reloadAt, null, name);
    t.pass(30000);
    assert.ok(!t.wants().includes('reload'), name);
  }
});

test('losing the lock with text typed', () => {
  const taken = ['taken_over', { from: ANN, by: BOB, reason: 'urgent' }];
  const handed = ['handed_over', { from: ANN, to: BOB, how: 'countdown' }];
  const lost = ['lock_lost', { from: ANN, why: 'silent' }];
  for (const [frame, ousted, notice] of [
    [taken, { kind: 'taken_over', name: 'Bob', reason: 'urgent' },
      'lost_taken_over'],
    [handed, { kind: 'handed_over', name: 'Bob', reason: '' },
      'lost_handed_over'],
    [lost, { kind: 'lost', name: '', reason: 'silent' }, 'lost_silent'],
  ]) {
    const lose = (t) => t.frame(...frame).bobs();
    const dirty = lose(editor().pass(100).do({ type: 'dirty', dirty: true }));
    assert.deepEqual(dirty.view.ousted, ousted);
    assert.equal(dirty.view.hasDraft, true);
    assert.equal(dirty.wants(), 'keep');
    assert.equal(dirty.state.locked, true);
    assert.deepEqual(dirty.view.notices, []);
    // Editor again, the text is on the page.
    dirty.mine();
    assert.equal(dirty.view.ousted, null);
    assert.equal(dirty.view.hasDraft, false);
    assert.equal(dirty.wants(), 'drop');

    const clean = lose(editor().pass(100));
    assert.equal(clean.view.ousted, null);
    assert.equal(clean.view.hasDraft, false);
    assert.equal(clean.view.notices[0].text, notice);
  }
  // By my own doing there is nothing to tell.
  const gave = editor().act('handOver', 2)
    .frame('handed_over', { from: ANN, to: BOB, how: 'editor' }).bobs();
  assert.deepEqual(gave.view.notices, []);
  // Somebody else's loss.
  const other = viewer().frame('taken_over', { from: BOB, by: CAROL,
    reason: '' }).lock({ editor: { ...CAROL, tab: 'y' } });
  assert.deepEqual(other.view.notices, []);
  assert.equal(other.view.ousted, null);
  // To another tab.
  assert.equal(editor().do({ type: 'dirty', dirty: true })
    .lock({ editor: { ...ANN, tab: 't2' } }).view.ousted.kind, 'moved');
});

test('an editor that stops does not take it again', () => {
  const t = editor();
  t.take();
  t.act('release');
  assert.equal(t.take(), 'release_lock');
  t.lock();
  assert.equal(t.take(), '');
  assert.equal(t.view.mode, 'free');
  assert.equal(t.view.ousted, null);
  t.act('claim').mine();
  assert.equal(t.view.mode, 'editor');
  t.bobs().lock();
  assert.equal(t.take(), 'claim_editor,claim_editor');
});

test('asking, waiting, being offered', () => {
  const asked = { ...ANN, asked: true };
  const t = viewer();
  t.take();
  t.act('requestEdit');
  assert.equal(t.take(), 'request_edit');
  t.bobs({ line: [{ ...CAROL, asked: true }, asked] });
  assert.equal(t.view.mode, 'waiting');
  assert.equal(t.view.place, 2);
  t.bobs({ line: [asked], countdown: { user_id: 1, until: iso(T0 + 60000) } });
  assert.deepEqual(t.view.countdown, { user_id: 1, until: T0 + 60000 });
  t.lock({ line: [asked], offer: { user_id: 1, until: iso(T0 + 20000) } });
  assert.equal(t.view.mode, 'offered');
  assert.equal(t.take(), '');
  t.act('claim');
  assert.equal(t.take(), 'claim_editor');
  t.mine();
  assert.equal(t.view.mode, 'editor');
});

test('who declines an offer does not claim', () => {
  const t = viewer().lock({ line: [{ ...ANN, asked: true }],
    offer: { user_id: 1, until: iso(T0 + 20000) } });
  t.act('cancelRequest');
  t.take();
  t.lock();
  assert.equal(t.take(), '');
  assert.equal(t.view.mode, 'free');
});

test('what the tab says it does', () => {
  const t = editor();
  const states = () => t.sent.splice(0).filter((f) => f.type === 'state')
    .map((f) => f.state).join();
  t.do({ type: 'dirty', dirty: true });
  assert.equal(states(), 'dirty');
  t.do({ type: 'visible', visible: false });
  assert.equal(states(), 'idle');
  t.do({ type: 'visible', visible: true });
  assert.equal(states(), 'dirty');
  t.pass(119999);
  assert.equal(states(), '');
  t.pass(1);
  assert.equal(states(), 'idle');
  t.do({ type: 'input' });
  assert.equal(states(), 'dirty');
  t.do({ type: 'dirty', dirty: false });
  assert.equal(states(), 'viewing');
  t.do({ type: 'closed', code: 1006 }).do({ type: 'dirty', dirty: true });
  assert.equal(states(), '');
  t.do({ type: 'open' });
  assert.equal(t.sent[0].state, 'dirty');
});

test('content_updated only where saves are clicks', () => {
  const log = editor().do({ type: 'submitted' });
  assert.ok(!log.take().includes('content_updated'));
  const click = new Tab().hello({ saves: 'click' }).mine()
    .do({ type: 'submitted' });
  assert.ok(click.take().includes('content_updated'));
});

test('errors', () => {
  for (const [code, text] of [['too_soon', 'error_too_soon'],
    ['forbidden', 'error_forbidden'], ['bad_json', 'error_bad_json']]) {
    const t = viewer().frame('error', { code, message: 'm',
      in_reply_to: 'request_edit' });
    assert.equal(t.view.notices[0].text, text);
    assert.equal(t.view.notices[0].params.message, 'm');
    t.act('dismiss', t.view.notices[0].id);
    assert.deepEqual(t.view.notices, []);
  }
});

test('a page of the package that asks is told of to the editor', () => {
  const frame = ['attention_requested', { user_id: 2, username: 'bob' }];
  const notice = (t) =>
    t.view.notices.map((n) => n.text + n.params.name).join();
  assert.equal(notice(editor().frame(...frame)), 'attentionbob');
  assert.equal(notice(editor().frame('user_present', { user: BOB })
    .frame(...frame)), 'attentionBob');
  assert.equal(notice(viewer().frame(...frame)), '');
});

test('actions without a connection say so', () => {
  const t = viewer().do({ type: 'closed', code: 1006 });
  t.take();
  for (const name of ['claim', 'requestEdit', 'takeOver', 'later']) {
    t.act(name);
    assert.equal(t.take(), '', name);
    assert.equal(t.view.notices[0].text, 'error_unavailable', name);
  }
  t.act('retry');
  assert.equal(t.wants(), 'reconnect');
});

test('drafts of an earlier page', () => {
  const t = viewer().do({ type: 'draft', stored: true });
  assert.equal(t.view.hasDraft, true);
  t.act('restoreDraft');
  assert.equal(t.view.restoring, true);
  assert.equal(t.wants(), '');
  t.mine();
  assert.equal(t.wants(), 'restore');
  t.do({ type: 'draft', stored: false });
  assert.equal(t.view.hasDraft, false);

  const now = editor().do({ type: 'draft', stored: true }).act('restoreDraft');
  assert.equal(now.wants(), 'restore');

  const drop = viewer().do({ type: 'draft', stored: true }).act('dropDraft');
  assert.equal(drop.wants(), 'drop');
  assert.equal(drop.view.hasDraft, false);
});

test('a page that is being compared does not reload itself', () => {
  for (const what of ['comparing', 'merging']) {
    const t = viewer();
    t.do({ type: 'held', what }).saved(BOB, T0 + 4000);
    assert.equal(t.view.saveHeld, what);
    assert.equal(t.view.reloadAt, null);
    t.do({ type: 'held', what: null });
    assert.notEqual(t.view.reloadAt, null);
  }
  // Whoever has had enough of waiting.
  const t = editor().do({ type: 'held', what: 'comparing' });
  assert.equal(t.act('cancelSave').view.saveHeld, null);
});

test('a save of which nobody can see what it would overwrite', () => {
  const t = editor().do({ type: 'held', what: 'unseen' });
  assert.equal(t.view.saveHeld, 'unseen');
  t.act('cancelSave');
  // There is nothing to save anyway any more.
  t.act('saveAnyway');
  assert.equal(t.wants(), '');
  t.do({ type: 'held', what: 'unseen' }).act('saveAnyway');
  assert.equal(t.wants(), 'submit');
  assert.equal(t.state.warned.at, 0);
  assert.equal(t.view.saveHeld, null);
});

test('a page that has what is saved is the newest, up to there', () => {
  const t = editor().do({ type: 'dirty', dirty: true });
  t.saved(BOB, T0 + 4000);
  assert.equal(t.view.newer.name, 'Bob');
  t.act('compare');
  assert.equal(t.wants(), 'compare');
  const { at } = t.state.last;
  // One more, while we looked.
  t.saved(CAROL, T0 + 5000).do({ type: 'known', at });
  assert.equal(t.view.newer.name, 'Carol');
  t.do({ type: 'known', at: t.state.last.at });
  assert.equal(t.view.newer, null);
  assert.equal(decide(t.state, '_save', t.now), 'pass');
  // What is older does not make it older.
  t.do({ type: 'known', at: 0 });
  assert.equal(t.view.newer, null);
});

test('who typed on an old page claims when it is the newest', () => {
  const t = viewer().do({ type: 'dirty', dirty: true });
  t.saved(BOB, T0 + 4000).lock();
  t.take();
  assert.equal(t.view.mode, 'free');
  t.do({ type: 'known', at: t.state.last.at });
  assert.equal(t.take(), 'claim_editor');
});

test('discarding what is on the page reloads it', () => {
  const t = editor().do({ type: 'dirty', dirty: true }).bobs();
  assert.equal(t.wants(), 'keep');
  t.act('dropDraft');
  assert.equal(t.wants(), 'discard');
  assert.equal(t.view.ousted, null);
});

test('people: me, the editor, then by name', () => {
  const person = (who) => ({ username: '', email: '', avatar_url: null,
    since: iso(T0), state: 'viewing', ...who });
  const t = viewer().frame('presence', { users: [
    person({ user_id: 9, name: 'Zoe' }), person(CAROL), person(BOB),
    person(ANN),
  ] });
  const names = () => t.view.people.map((p) => p.name).join();
  assert.equal(names(), 'Ann,Bob,Carol,Zoe');
  t.frame('user_absent', { user_id: 3 });
  assert.equal(names(), 'Ann,Bob,Zoe');
  t.frame('user_present', { user: person({ user_id: 4, name: 'Dan' }) });
  assert.equal(names(), 'Ann,Bob,Dan,Zoe');
  const before = t.state.people;
  t.frame('users_present', { users: [
    person({ user_id: 5, name: 'Eve' }), person({ user_id: 4, name: 'Don' }),
  ] });
  assert.equal(names(), 'Ann,Bob,Don,Eve,Zoe');
  assert.equal(Object.keys(before).length, 4);
});

test('it takes many users at once, and says so', () => {
  const { sent } = new Tab().do({ type: 'open' });
  assert.deepEqual(sent.map((m) => [m.type, m.many]), [['hello', true]]);
});

test('frames of the package and of the future are ignored', () => {
  const t = new Tab().do({ type: 'open' });
  const before = t.view;
  t.frame('user_joined', { user_id: 2 }).frame('editor_status', {})
    .frame('lock', { editor: { ...BOB, tab: 'x' } });
  assert.deepEqual(t.view, before);
  t.hello().bobs();
  const now = t.view;
  t.frame('weather', { rain: true });
  assert.deepEqual(t.view, now);
});

test('a reducer does not change what it was given', () => {
  const freeze = (o) => {
    if (o && typeof o === 'object' && !Object.isFrozen(o)) {
      Object.freeze(o);
      Object.values(o).forEach(freeze);
    }
    return o;
  };
  const t = new Tab();
  const step = t.do.bind(t);
  t.do = (event) => {
    freeze(t.state);
    return step(event);
  };
  t.hello().lock().mine().do({ type: 'dirty', dirty: true })
    .saved(BOB, T0 + 9000).bobs().frame('user_present', { user: BOB })
    .frame('user_absent', { user_id: 2 }).act('takeOver', 'x').act('dismiss', 1);
  assert.equal(t.view.mode, 'viewer');
});
