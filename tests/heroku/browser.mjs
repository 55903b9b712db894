/**
 * Two users in a real browser, on a page of the site, while the dyno is replaced
 * by another one. What the test has to do it is told on standard output, a word
 * a line; a line on standard input says that it is done.
 *
 *     browser.mjs URL PATH TITLE
 */
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from '../browser/lib/chromium.mjs';
import { PATIENCE } from '../browser/lib/scene.mjs';
import { Tab } from '../browser/lib/tab.mjs';

const [url, path, title] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin });
const browser = await chromium.launch(CHROMIUM);

async function open(name) {
	const context = await browser.newContext({ baseURL: url });

	context.setDefaultTimeout(PATIENCE);
	await logIn(context, url, name, 'demo');
	const tab = await Tab.make(await context.newPage(), name);
	await tab.open(path);
	return tab;
}

function ask(word) {
	const answer = new Promise((resolve) => answers.once('line', resolve));

	console.log(word);
	return answer;
}

try {
	const ann = await open('ann');
	await ann.mode('editor');
	const bob = await open('bob');
	await bob.mode('viewer');
	await ann.type('title', 'typed before');
	const before = [ann.frames.length, bob.frames.length];
	await ask('deploy');

	/* Both are back, on the new one. */
	await ann.frame('hello', undefined, before[0]);
	await bob.frame('hello', undefined, before[1]);
	await ann.mode('editor');
	await bob.mode('viewer');
	assert.equal(await ann.field('title').inputValue(), 'typed before');
	const me = bob.got('hello').at(-1).you.user_id;
	assert.deepEqual(bob.got('lock').filter((f) =>
	    f.editor?.user_id === me), [], 'bob was shown the lock');

	await ann.type('title', title);
	await ann.save();
	await bob.frame('saved', undefined, before[1]);
	assert.equal(await ann.field('title').inputValue(), title);
	await ask('done');
} finally {
	await browser.close();
	answers.close();
}
