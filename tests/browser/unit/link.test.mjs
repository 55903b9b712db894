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

test('what the server says at the end decides when to come back', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(Math, 'random', () => 1);
  const sockets = [];
  const codes = [];
  const { WebSocket } = globalThis;
  t.after(() => {
    globalThis.WebSocket = WebSocket;
  });
  globalThis.WebSocket = class {
    constructor() {
      sockets.push(this);
    }

    close() {}
  };
  const link = createLink('ws://x/', {
    open() {}, frame() {}, closed: (code) => codes.push(code),
  });
  for (const [code, ms] of [[1006, 1000], [1012, 1000], [1008, 8000],
    [1013, 8000], [4503, 8000], [4401, Infinity]]) {
    link.connect();
    const n = sockets.length;
    sockets.at(-1).onclose({ code });
    assert.equal(codes.at(-1), code);
    t.mock.timers.tick(Math.min(ms, 1e6) - 1);
    assert.equal(sockets.length, n, `${code}: not before`);
    t.mock.timers.tick(1);
    assert.equal(sockets.length, n + (ms < Infinity ? 1 : 0), `${code}`);
  }
  link.close();
});
