/** A site that nobody has prepared, in a real browser: two users in one room. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from '../browser/lib/chromium.mjs';
import { PATIENCE } from '../browser/lib/scene.mjs';
import { Tab } from '../browser/lib/tab.mjs';

const PAGE = '/admin/auth/user/1/change/';
const site = spawn('/usr/bin/python3',
    ['-B', fileURLToPath(new URL('trial.py', import.meta.url))],
    { stdio: ['pipe', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => site.once('exit', resolve));
let browser;

after(async () => {
	await browser?.close();
	site.stdin.end();
	assert.equal(await ended, 0);
});

async function tab(url, name) {
	const context = await browser.newContext({ baseURL: url,
	    reducedMotion: 'reduce' });

	context.setDefaultTimeout(PATIENCE);
	await logIn(context, url, name, 'demo');
	const made = await Tab.make(await context.newPage(), name);
	await made.open(PAGE);
	return made;
}

test('a trial of a new project', { timeout: 6 * PATIENCE }, async () => {
	const line = await new Promise((resolve, reject) => {
		createInterface({ input: site.stdout }).once('line', resolve);
		site.once('exit', () => reject(new Error('no site')));
	});
	const { url } = JSON.parse(line);

	browser = await chromium.launch(CHROMIUM);
	const ann = await tab(url, 'ann');
	await ann.mode('editor');
	const bob = await tab(url, 'bob');
	await bob.mode('viewer');
	await ann.here(2);
	assert.equal(await bob.field('first_name').isEditable(), false);

	/* A save of one is seen by the other. */
	await ann.type('first_name', 'Annabel');
	await ann.save();
	await ann.mode('editor');
	await bob.page.waitForFunction(() =>
	    document.querySelector('[name=first_name]')?.value === 'Annabel');

	/* And a lock that is given back is the other's. */
	await ann.page.goto('/admin/');
	await bob.mode('editor', 'free');
	assert.deepEqual([...ann.errors, ...bob.errors], []);
});
