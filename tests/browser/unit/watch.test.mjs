// A server that does not know who edits, and one that does not answer: what is
// seen and done then.
import assert from 'node:assert/strict';
import test from 'node:test';
import { decide } from '../../../src/browser/state.js';
import { ANN, BOB, editor, iso, T0, Tab, viewer } from './steps.mjs';

test('a lock that nobody knows', () => {
  const t = editor().do({ type: 'dirty', dirty: true });
  t.take();
  t.frame('lock_unknown');
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.view.mode, 'none');
  assert.equal(t.state.locked, false);
  assert.equal(decide(t.state, '_save', t.now), 'pass');
  // Nothing is done about it, however long it takes.
  t.pass(600000);
  assert.equal(t.wants(), '');
  assert.equal(t.view.phase, 'offline');
  assert.deepEqual(t.view.notices, []);
  // The socket is there: what I do is told still.
  assert.equal(t.take(), 'state');
  t.act('retry');
  assert.equal(t.wants(), 'reconnect');
});

test('who edits is known again', () => {
  const unknown = (t) => {
    t.do({ type: 'dirty', dirty: true }).frame('lock_unknown').pass(20000);
    t.take();
    return t;
  };
  const mine = unknown(editor()).mine();
  assert.equal(mine.view.phase, 'live');
  assert.equal(mine.view.mode, 'editor');
  assert.equal(mine.view.ousted, null);
  assert.equal(mine.wants(), '');
  assert.equal(mine.take(), '');

  const lost = unknown(editor()).bobs();
  assert.equal(lost.view.mode, 'viewer');
  assert.deepEqual(lost.view.ousted, { kind: 'lost', name: 'Bob', reason: '' });
  assert.equal(lost.view.hasDraft, true);
  assert.equal(lost.wants(), 'keep');

  const taken = unknown(editor()).frame('taken_over', { from: ANN, by: BOB,
    reason: 'urgent' }).bobs();
  assert.equal(taken.view.ousted.kind, 'taken_over');

  // Kept for me, or for nobody: I had it.
  const previous = { user_id: 1, until: iso(T0 + 60000) };
  for (const lock of [{ previous }, {}]) {
    const free = unknown(editor()).lock(lock);
    assert.equal(free.take(), 'claim_editor');
    free.mine();
    assert.equal(free.view.mode, 'editor');
    assert.equal(free.wants(), '');
  }

  // Who read along could type meanwhile: that is not lost either.
  const reader = unknown(viewer());
  assert.equal(reader.state.locked, false);
  reader.bobs();
  assert.equal(reader.state.locked, true);
  assert.equal(reader.view.ousted, null);
  assert.equal(reader.wants(), 'keep');
  reader.mine();
  assert.equal(reader.view.mode, 'editor');
  assert.equal(reader.wants(), 'drop');
});

test('a lock that nobody knows from the start', () => {
  const t = new Tab().do({ type: 'stopped', why: 'hold' }).hello();
  assert.equal(t.view.phase, 'checking');
  t.take();
  t.frame('lock_unknown');
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.wants(), 'submit');
  t.lock();
  assert.equal(t.take(), 'claim_editor');
  // A claim that was on its way is made again.
  t.frame('lock_unknown');
  assert.equal(t.view.phase, 'offline');
  t.lock();
  assert.equal(t.take(), 'claim_editor');
  t.mine();
  assert.equal(t.view.mode, 'editor');
});

test('a lock that nobody knows, and then no connection', () => {
  // It was lost a moment before, too.
  const t = editor().do({ type: 'closed', code: 1006 }).hello()
    .frame('lock_unknown').do({ type: 'closed', code: 1006 });
  assert.equal(t.view.phase, 'offline');
  t.hello().mine();
  assert.equal(t.view.phase, 'live');
  t.do({ type: 'closed', code: 1006 });
  assert.equal(t.view.phase, 'reconnecting');
  t.hello().frame('lock_unknown').do({ type: 'wake' });
  assert.equal(t.view.phase, 'checking');
  t.hello().mine();
  assert.equal(t.view.mode, 'editor');
  // Before hello, and where there is no lock, it means nothing.
  const early = new Tab().do({ type: 'open' }).frame('lock_unknown');
  assert.equal(early.view.phase, 'checking');
  const list = new Tab({ page: { page: 'list', app: 'a', model: 'b', object: '',
    popup: false } }).hello().frame('lock_unknown');
  assert.equal(list.view.phase, 'live');
});

test('how often a tab asks whether the server is there', () => {
  const list = () => new Tab({ page: { page: 'list', app: 'a', model: 'b',
    object: '', popup: false } }).hello();
  const hidden = (t) => t.do({ type: 'visible', visible: false });
  for (const [name, t, every] of [
    ['editor', editor(), 5000],
    ['editor, hidden', hidden(editor()), 30000],
    ['editor, of an unknown lock', editor().frame('lock_unknown'), 5000],
    ['viewer', viewer(), 30000],
    ['list', list(), 30000],
    ['viewer, hidden', hidden(viewer()), 0],
    ['list, hidden', hidden(list()), 0],
    ['not connected', editor().do({ type: 'closed', code: 1006 }), 0],
    ['signed out', editor().do({ type: 'closed', code: 4401 }), 0],
    ['asleep', editor().do({ type: 'wake' }), 0],
    ['no document yet', new Tab({ ready: false }).hello().mine(), 0],
  ]) {
    t.pass(every * 3 || 3600000);
    assert.deepEqual(t.pings, every ? [every, 2 * every, 3 * every] : [],
      name);
    assert.ok(!t.wants().includes('lose'), name);
  }
});

test('whatever comes shows that the server is there', () => {
  const t = editor().pass(3000).frame('user_present', { user: BOB });
  t.pass(4999);
  assert.deepEqual(t.pings, []);
  t.pass(1);
  assert.deepEqual(t.pings, [8000]);
  t.hang().pass(9000).frame('weather', { rain: true }).pass(5000);
  assert.equal(t.view.phase, 'live');
  assert.deepEqual(t.pings, [8000, 13000, 22000]);
});

test('an older server says that it does not know the question', () => {
  const t = editor().hang().pass(5000).frame('error', { code: 'unknown_type',
    message: 'm', in_reply_to: 'unknown_type' }).pass(5000);
  assert.equal(t.view.phase, 'live');
  assert.deepEqual(t.view.notices, []);
});

test('ten seconds after a server hangs saves are not protected', () => {
  const t = editor().do({ type: 'dirty', dirty: true }).hang();
  t.take();
  t.pass(9999);
  assert.equal(t.view.phase, 'live');
  assert.equal(t.wants(), '');
  t.pass(1);
  assert.equal(t.wants(), 'lose');
  assert.equal(t.view.phase, 'offline');
  assert.equal(t.state.locked, false);
  assert.equal(decide(t.state, '_save', t.now), 'pass');
  t.pass(60000);
  assert.equal(t.wants(), '');
  assert.deepEqual(t.pings, [5000]);
  assert.equal(t.take(), '');

  // Another worker has it as before.
  t.answers = true;
  t.hello().mine();
  assert.equal(t.view.phase, 'live');
  assert.equal(t.view.mode, 'editor');
  assert.equal(t.view.ousted, null);
  assert.equal(t.wants(), '');
});

test('a worker that hangs again before it has said hello', () => {
  const t = editor().hang().pass(10000).do({ type: 'open' });
  assert.equal(t.wants(), 'lose');
  t.pass(10000);
  assert.equal(t.wants(), 'lose');
  assert.deepEqual(t.pings, [5000, 15000]);
});

test('a viewer notices it, too', () => {
  const t = viewer().hang().pass(34999);
  assert.equal(t.wants(), '');
  t.pass(1);
  assert.equal(t.wants(), 'lose');
  assert.equal(t.view.phase, 'offline');
});

test('a connection is lost since it did not answer', () => {
  const t = editor().hang().pass(8000).do({ type: 'closed', code: 1006 });
  assert.equal(t.view.phase, 'reconnecting');
  t.pass(1999);
  assert.equal(t.view.phase, 'reconnecting');
  t.pass(1);
  assert.equal(t.view.phase, 'offline');
  // The one after it begins anew.
  t.hello().mine().do({ type: 'closed', code: 1006 }).pass(4999);
  assert.equal(t.view.phase, 'reconnecting');
});

test('a tab that is shown again asks first', () => {
  const show = (t) => t.do({ type: 'visible', visible: true });
  const hide = (t) => t.do({ type: 'visible', visible: false });
  const press = (t) => {
    const what = decide(t.state, '_save', t.now);
    if (what !== 'pass') t.do({ type: 'stopped', why: what });
    return what;
  };
  // Seconds ago it was sure.
  const sure = hide(editor().hang()).pass(9000);
  assert.equal(press(show(sure)), 'pass');
  assert.deepEqual(sure.pings, [9000]);

  const held = hide(editor().hang()).pass(29000);
  assert.equal(press(show(held)), 'hold');
  assert.deepEqual(held.pings, [29000]);
  assert.equal(held.view.saveHeld, 'checking');
  assert.equal(held.view.phase, 'live');
  held.pass(100);
  assert.equal(held.wants(), '');
  held.frame('pong');
  assert.equal(held.wants(), 'submit');
  assert.equal(press(held), 'pass');

  const dead = hide(editor().hang()).pass(29000);
  press(show(dead));
  dead.pass(4999);
  assert.equal(dead.wants(), '');
  dead.pass(1);
  assert.equal(dead.view.phase, 'offline');
  assert.equal(dead.wants(), 'lose,submit');

  // One is on its way.
  const asked = hide(editor().hang()).pass(31000);
  show(asked);
  assert.deepEqual(asked.pings, [30000]);

  for (const make of [editor, viewer,
    () => new Tab().hello().frame('lock_unknown')]) {
    assert.deepEqual(show(hide(make()).pass(1000)).pings, [1000]);
  }
  assert.deepEqual(show(hide(viewer()).pass(600000)).pings, [600000]);
});

test('the network is back, and the connection was not cut', () => {
  const t = viewer().pass(1000).do({ type: 'check' });
  assert.deepEqual(t.pings, [1000]);
  t.do({ type: 'closed', code: 1006 }).do({ type: 'check' });
  assert.deepEqual(t.pings, [1000]);
});

test('a page that was held up asks once more', () => {
  // A dialog, or a sleep: the answer may wait behind the tick.
  const late = (ms) => {
    const t = editor().hang().pass(5000);
    t.now += ms;
    return t.do({ type: 'tick' });
  };
  assert.equal(late(5999).wants(), 'lose');
  const t = late(40000);
  assert.equal(t.wants(), '');
  assert.deepEqual(t.pings, [5000, 45000]);
  assert.equal(decide(t.state, '_save', t.now), 'hold');
  t.frame('pong');
  assert.equal(decide(t.state, '_save', t.now), 'pass');
  // And once only, be it late again.
  const dead = late(40000);
  dead.now += 60000;
  dead.do({ type: 'tick' });
  assert.equal(dead.wants(), 'lose');
});

test('a clock that is set back does not stop the asking', () => {
  const t = editor();
  t.now -= 3600000;
  t.do({ type: 'tick' }).pass(5000);
  assert.equal(t.pings.length, 1);
  t.hang().pass(5000);
  t.now -= 3600000;
  t.do({ type: 'tick' }).pass(5000);
  assert.equal(t.wants(), 'lose');
  assert.equal(t.view.phase, 'offline');
});
