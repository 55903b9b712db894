/**
 * The guard in a real browser: forms that no lock has held back, because a
 * script sends them past the client.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { picture, scenarioAlone } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

const words = (language) => JSON.parse(readFileSync(new URL(
    `../../src/browser/refused/${language}.json`, import.meta.url), 'utf8'));

/** Saves of others are refused until the scenario ends. */
async function enforce(s) {
	const set = (save_guard) => s.stack.command('collabd',
	    { action: 'reload', settings: { save_guard } });

	await set('enforce');
	s.later(() => set('report'));
}

/** Bob has an article that Ann edits, and a text that he cannot save. */
async function bobBehindAnn(s, options) {
	await enforce(s);
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	const bob = await s.tab('bob', article.path, options);
	await bob.mode('viewer');
	await bob.field('title').evaluate((field) => {
		field.value = 'What Bob typed';
	});
	return { ann, bob, article };
}

/** As browsers do it for form.submit(): no submit event, nobody is asked. */
function send(bob) {
	return bob.page.locator('form[id$="_form"]').evaluate((form) =>
	    HTMLFormElement.prototype.submit.call(form));
}

/** As the client does it before its form is sent. */
async function sign(bob) {
	const tab = bob.got('hello').at(-1).tab;

	await bob.page.evaluate((id) => {
		document.cookie = `collabd_save=${id};path=/;max-age=20`;
	}, tab);
	return tab;
}

scenarioAlone('a page of ours stays, with all that was typed', async (s) => {
	const { bob, article } = await bobBehindAnn(s);

	await bob.mark();
	const tab = await sign(bob);
	const answer = bob.page.waitForResponse((r) =>
	    r.request().method() === 'POST');
	await send(bob);
	assert.equal((await answer).status(), 204);
	const told = await bob.frame('save_refused');
	assert.deepEqual([told.tab, told.editor.name], [tab, 'Ann Lee']);
	await bob.says('save_refused');
	await bob.has(t('badge', { name: 'Ann Lee' }));
	await bob.heard(t('save_refused'));
	await picture(bob, 'guard-told');
	assert.ok(await bob.isMarked());
	assert.equal(await bob.field('title').inputValue(), 'What Bob typed');
	assert.equal(await s.stored(article, 'title'), 'The last ferry');
	/* What was told is not told again. */
	assert.ok(!(await bob.page.evaluate(() => document.cookie))
	    .includes('collabd_save'));
});

scenarioAlone('a page that hears of it later finds it', async (s) => {
	/* Firefox closes the sockets of a page that sends a form. */
	const { bob } = await bobBehindAnn(s);

	await bob.page.evaluate((id) => {
		document.cookie = `collabd_save=${id}.refused;path=/;max-age=60`;
	}, bob.got('hello').at(-1).tab);
	const before = bob.got('hello').length;
	await bob.page.evaluate(() => {
		window.dispatchEvent(new Event('offline'));
		window.dispatchEvent(new Event('online'));
	});
	await bob.says('save_refused');
	assert.ok(bob.got('hello').length >= before);
});

scenarioAlone('any other page is told who edits, and Back has the text',
    async (s) => {
	const { ann, bob, article } = await bobBehindAnn(s, { locale: 'de-AT' });

	await Promise.all([bob.page.waitForEvent('load'), send(bob)]);
	const { title, editing } = words('de');
	assert.equal(await bob.page.title(), title);
	await bob.page.getByText(editing.replace('{name}', 'Ann Lee')).waitFor();
	await picture(bob, 'guard-page');
	assert.equal(await s.stored(article, 'title'), 'The last ferry');
	await bob.page.goBack({ waitUntil: 'load' });
	assert.equal(await bob.field('title').inputValue(), 'What Bob typed');
	await ann.mode('editor');
});

scenarioAlone('reloading that page when the other has gone saves', async (s) => {
	const { ann, bob, article } = await bobBehindAnn(s);

	await Promise.all([bob.page.waitForEvent('load'), send(bob)]);
	assert.equal((await bob.page.reload()).status(), 423);
	await ann.close();
	while ((await bob.page.reload()).status() === 423)
		;
	assert.equal(await s.stored(article, 'title'), 'What Bob typed');
});
