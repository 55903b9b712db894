/* What of a chat is kept, and for whom. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { makeStore } from '../../../src/browser/chatstore.js';

/** The Storage of a tab: strings only, as a browser's. */
class Kept {
  #map = new Map();

  getItem(key) {
    return this.#map.has(key) ? this.#map.get(key) : null;
  }

  setItem(key, value) {
    this.#map.set(key, String(value));
  }

  removeItem(key) {
    this.#map.delete(key);
  }
}

const frame = (sender_id, recipient_id, message) => ({ type: 'chat_message',
  sender_id, sender_name: `User ${sender_id}`, sender_avatar: null,
  recipient_id, message, timestamp: '2026-11-24T03:52:19.123456+00:00' });

function store(page = '/a/', me = 1) {
  const made = makeStore(page);
  made.setMe(me);
  return made;
}

beforeEach(() => {
  globalThis.sessionStorage = new Kept();
});

test('a message waits until its window is opened', () => {
  const s = store();
  assert.equal(s.receive(frame(2, 1, 'Hello')).unread, 1);
  assert.equal(s.receive(frame('2', 1, 'There?')).unread, 2);
  s.receive(frame(3, 1, 'Me too'));
  assert.equal(s.unread(), 3);
  assert.equal(s.unread('2'), 2);
  s.open({ user_id: 2, name: 'User 2' }, true);
  assert.equal(s.unread(), 1);
  assert.equal(s.receive(frame(2, 1, 'Read at once')), null);
  s.open({ user_id: 2, name: 'User 2' }, false);
  assert.equal(s.receive(frame(2, 1, 'Closed')).unread, 1);
});

test('what I say is there at once, and once', () => {
  const s = store();
  s.open({ user_id: 2, name: 'Bob' }, true);
  s.say(2, 'Hi');
  const [talk] = s.talks;
  assert.deepEqual(talk.messages.map((m) => m.sent), [false]);
  assert.equal(s.receive(frame(1, 2, 'Hi')), null);
  assert.deepEqual(talk.messages.map((m) => m.sent), [true]);
  // From another tab of mine.
  s.receive(frame(1, 2, 'Hi'));
  assert.equal(talk.messages.length, 2);
  assert.equal(talk.name, 'Bob');
  assert.equal(s.unread(), 0);
});

test('a reload of the same page keeps it', () => {
  store().receive(frame(2, 1, 'Hello'));
  const again = store();
  assert.equal(again.talks[0].messages[0].text, 'Hello');
  assert.equal(again.unread(), 1);
});

test('another page, or another user, begins anew', () => {
  store().receive(frame(2, 1, 'Secret'));
  assert.equal(store('/b/').talks.length, 0);
  store('/a/').receive(frame(2, 1, 'Secret'));
  assert.equal(store('/a/', 3).talks.length, 0);
  assert.equal(store('/a/', 1).talks.length, 0);
});

test('it does not grow for ever', () => {
  const s = store();
  for (let n = 0; n < 150; n++) s.receive(frame(2, 1, `no. ${n}`));
  assert.equal(s.talks[0].messages.length, 100);
  assert.equal(s.talks[0].messages[99].text, 'no. 149');
});

test('a browser that forbids storage', () => {
  globalThis.sessionStorage = new Proxy({}, { get() {
    throw new Error('SecurityError');
  } });
  const s = store();
  s.receive(frame(2, 1, 'Hello'));
  assert.equal(s.unread(), 1);
});
