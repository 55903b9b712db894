/** One edits, the others read. */
import assert from 'node:assert/strict';

import { picture, scenario, scenarioAlone } from './lib/scene.mjs';

/* What a lock may change of a form's elements. */
const ATTRIBUTES = ['readonly', 'disabled', 'aria-disabled', 'aria-readonly',
	'contenteditable', 'tabindex', 'draggable', 'href', 'inert', 'hidden',
	'data-collabd', 'style', 'class'];

function attributes(page) {
	return page.locator('form[id$="_form"]').evaluate((form, names) =>
	    [form, ...form.querySelectorAll('*')].map((e) => e.tagName + ' ' +
	        names.filter((n) => e.hasAttribute(n)).map((n) =>
	            `${n}=${e.getAttribute(n)}`).join(' ')), ATTRIBUTES);
}

function values(page) {
	return page.locator('form[id$="_form"]').evaluate((form) =>
	    [...new FormData(form)].filter(([name]) =>
	        name !== 'csrfmiddlewaretoken').map(([name, value]) =>
	        [name, value.name ?? value]));
}

async function twoOn(s, article) {
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	return { ann, bob };
}

/** What a person could try on every kind of widget. */
async function meddle(tab) {
	const { page } = tab;
	const force = { force: true };

	await tab.field('title').click();
	await page.keyboard.type('nonsense');
	await tab.field('summary').click();
	await page.keyboard.press('Control+A');
	await page.keyboard.press('Delete');
	await page.locator('.press-area').click(force);
	await page.keyboard.type('nonsense');
	await tab.field('state').focus();
	await page.keyboard.press('ArrowDown');
	await tab.field('is_featured').click(force);
	await page.locator('.datetimeshortcuts a').first().click(force);
	await page.locator('#id_tags_from option').first().dblclick(force);
	await page.getByText('Add another Comment').click(force);
	await tab.field('comment_set-0-DELETE').click(force);
	await page.locator('.select2-selection').click(force);
}

/** The form's fields, and what its widgets have besides. */
async function stateOf(tab) {
	return {
		...Object.fromEntries(await values(tab.page)),
		'chosen tags': await tab.page.locator('#id_tags_to option')
		    .count(),
		'comments': await tab.page.locator('.dynamic-comment_set')
		    .count(),
		'drop-down': await tab.page.locator('.select2-dropdown').count(),
	};
}

scenario('a viewer is told who edits, and cannot change a thing', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);
	const before = await stateOf(bob);

	await ann.says('editor_mode_text');
	await bob.says('viewer_mode_text', { editor_name: 'Ann Lee' });
	await picture(bob, 'lock-viewer');
	await meddle(bob);
	assert.deepEqual(await stateOf(bob), before);

	/* Where it is allowed, the same changes everything. */
	await meddle(ann);
	const after = await stateOf(ann);
	for (const name of ['title', 'summary', 'body', 'state', 'is_featured',
	    'publish_at_0', 'chosen tags', 'comments', 'drop-down',
	    'comment_set-0-DELETE'])
		assert.notEqual(after[name], before[name], name);
});

scenarioAlone('a viewer can read, select and copy', async (s) => {
	const article = await s.article('Copy me');
	const profile = await s.profile('bob',
	    { permissions: ['clipboard-read', 'clipboard-write'] });
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	const bob = await s.tab(profile, article.path);
	await bob.mode('viewer');
	await bob.field('title').click();
	await bob.page.keyboard.press('Control+A');
	await bob.page.keyboard.press('Control+C');
	assert.equal(await bob.page.evaluate(() =>
	    navigator.clipboard.readText()), 'Copy me');
	await bob.page.locator('.press-area').selectText();
	await bob.page.keyboard.press('Control+C');
	assert.match(await bob.page.evaluate(() =>
	    navigator.clipboard.readText()), /One\./);
});

scenario('a viewer\'s Save goes nowhere and says why', async (s) => {
	const article = await s.article();
	const { bob } = await twoOn(s, article);

	await bob.mark();
	await bob.pressSave('_save');
	await bob.heard('Ann Lee');
	await bob.field('title').focus();
	await bob.page.keyboard.press('Enter');
	await bob.page.evaluate(() => document.querySelector(
	    'form[id$="_form"]').requestSubmit());
	assert.equal(bob.posts.length, 0);
	assert.ok(await bob.isMarked());
});

scenario('the editor leaves, and a viewer\'s form is as Django made it',
    async (s) => {
	const article = await s.article();
	/* Carol's browser does not load the client at all. */
	const bare = await s.profile('carol');
	await bare.route('**/client.js', (route) => route.abort());
	const carol = await s.tab(bare, article.path);
	const wanted = await attributes(carol.page);
	const { ann, bob } = await twoOn(s, article);

	assert.notDeepEqual(await attributes(bob.page), wanted);
	await bob.mark();
	await ann.close();
	await bob.mode('editor');
	assert.ok(await bob.isMarked(), 'bob\'s page was loaded again');
	assert.deepEqual(await attributes(bob.page), wanted);
	await bob.type('title', 'By Bob');
	await bob.save();
	assert.equal(await s.stored(article, 'title'), 'By Bob');
});

scenario('"Save as new" is not refused', async (s) => {
	const article = await s.article();
	const { bob } = await twoOn(s, article);

	/* The slug must be another one; that much Django itself says. */
	await bob.save('_saveasnew');
	assert.equal(bob.posts.length, 1);
	await bob.page.locator('.errornote, .errorlist').first().waitFor();
});
