import assert from 'node:assert/strict';
import test from 'node:test';
import { backoff } from '../../../src/browser/link.js';

test('waits grow from one second to thirty, with full jitter', () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 50, 5000].map((n) => backoff(n, 1));
  assert.deepEqual(longest,
    [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
  assert.equal(backoff(3, 0), 0);
  assert.equal(backoff(3, 0.25), 2000);
});
