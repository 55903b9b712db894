import assert from 'node:assert/strict';
import test from 'node:test';
import { backoff, createLink } from '../../../src/browser/link.js';

test('waits grow from one second to thirty, with full jitter', () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 50, 5000].map((n) => backoff(n, 1));
  assert.deepEqual(longest,
    [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
  assert.equal(backoff(3, 0), 0);
  assert.equal(backoff(3, 0.25), 2000);
});

/** Sockets that do what the test says. */
class Sockets {
  constructor(t) {
    const { all, said } = this;

    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(Math, 'random', () => 0.5);
    globalThis.WebSocket = class {
      static OPEN = 1;

      constructor() {
        this.readyState = 0;
        all.push(this);
      }

      open() {
        this.readyState = 1;
        this.onopen();
      }

      say(frame) {
        this.onmessage?.({ data: JSON.stringify(frame) });
      }

      /** A server that hangs does not answer this either. */
      close() {
        this.readyState = 2;
      }
    };
    t.after(() => delete globalThis.WebSocket);
    this.pass = (ms) => t.mock.timers.tick(ms);
    this.link = createLink('ws://x/', {
      open: () => said.push('open'),
      closed: (code) => said.push(code),
      frame: (frame) => said.push(frame.type),
    });
  }

  all = [];
  said = [];

  /** What the page was told since the last time. */
  take() {
    return this.said.splice(0).join();
  }
}

test('a socket that is given up is not waited for', (t) => {
  const s = new Sockets(t);
  s.link.connect();
  s.all[0].open();
  s.all[0].say({ type: 'hello' });
  assert.equal(s.take(), 'open,hello');
  s.link.lose();
  assert.equal(s.take(), '1006');
  assert.equal(s.all[0].readyState, 2);
  // What comes late is of no interest.
  s.all[0].say({ type: 'lock' });
  assert.equal(s.take(), '');
  s.pass(499);
  assert.equal(s.all.length, 1);
  s.pass(1);
  assert.equal(s.all.length, 2);
});

test('a server that accepts and says nothing is tried ever more rarely',
  (t) => {
    const s = new Sockets(t);
    s.link.connect();
    for (const wait of [500, 1000, 2000]) {
      const n = s.all.length;
      s.pass(10000);
      assert.equal(s.take(), '1006');
      s.pass(wait - 1);
      assert.equal(s.all.length, n);
      s.pass(1);
      assert.equal(s.all.length, n + 1);
    }
    // Open, and given up before it has said hello: no new beginning.
    s.all[3].open();
    s.link.lose();
    s.pass(3999);
    assert.equal(s.all.length, 4);
    s.pass(1);
    s.all[4].open();
    s.all[4].say({ type: 'hello' });
    assert.equal(s.take(), 'open,1006,open,hello');
  });

test('who connects anew is told that the old socket is no more', (t) => {
  const s = new Sockets(t);
  s.link.connect();
  assert.equal(s.take(), '');
  s.all[0].open();
  s.link.connect();
  assert.equal(s.take(), 'open,1006');
  s.all[1].open();
  assert.equal(s.take(), 'open');
  s.link.lose();
  s.link.connect();
  assert.equal(s.take(), '1006');
  assert.equal(s.all.length, 3);
  s.link.close();
  s.pass(60000);
  assert.equal(s.all.length, 3);
  assert.equal(s.take(), '');
});

test('what the server says at the end decides when to come back', (t) => {
  const s = new Sockets(t);
  for (const [code, ms] of [[1006, 500], [1012, 500], [1008, 4000],
    [1013, 4000], [4503, 4000], [4401, Infinity]]) {
    s.link.connect();
    const n = s.all.length;
    s.take();
    s.all.at(-1).onclose({ code });
    assert.equal(s.take(), `${code}`);
    s.pass(Math.min(ms, 1e6) - 1);
    assert.equal(s.all.length, n, `${code}: not before`);
    s.pass(1);
    assert.equal(s.all.length, n + (ms < Infinity ? 1 : 0), `${code}`);
  }
  s.link.close();
});
