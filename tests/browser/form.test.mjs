/** What was typed, and what the form does with it. */
import assert from 'node:assert/strict';

import { PATIENCE, scenario } from './lib/scene.mjs';

async function editing(s, name, article) {
	const tab = await s.tab(name, article.path);

	await tab.mode('editor');
	return tab;
}

async function viewing(s, name, article) {
	const tab = await s.tab(name, article.path);

	await tab.mode('viewer');
	return tab;
}

/** Whether the browser would ask before it leaves the page. */
function wouldAsk(tab) {
	return tab.page.evaluate(() => {
		const e = new Event('beforeunload', { cancelable: true });

		window.dispatchEvent(e);
		return e.defaultPrevented;
	});
}

/** What this tab keeps of typed text, by the fields' names. */
function kept(tab) {
	return tab.page.evaluate(() => {
		const key = Object.keys(sessionStorage).find((k) =>
		    k.startsWith('collabd:draft:'));

		return key && Object.fromEntries(
		    JSON.parse(sessionStorage.getItem(key)).fields.map((f) =>
		        [f.name, f.values]));
	});
}

/** Until this tab has said what it does, from the `since`-th frame on. */
function said(tab, state, since = 0) {
	const is = (f) => f.way === '>' && f.state === state;

	return new Promise((resolve, reject) => {
		if (tab.frames.slice(since).some(is))
			resolve();
		tab.listeners.add((f) => is(f) && resolve());
		setTimeout(() => reject(new Error(
		    `${tab.user} has not said ${state}`)), PATIENCE).unref();
	});
}

/**
 * The server's answers wait in the browser until release() is called, once for
 * each page that is loaded; and the page's clock stands still, so that it does
 * not stop waiting for them.
 */
async function slowServer(tab, stopClock = true) {
	let release;

	if (stopClock)
		await tab.page.clock.setFixedTime(new Date());
	await tab.page.routeWebSocket(/collaboration/, (ws) => {
		const server = ws.connectToServer();
		const open = new Promise((resolve) => { release = resolve; });

		server.onMessage(async (message) => {
			await open;
			ws.send(message);
		});
	});
	return () => release();
}

scenario('a page nobody typed into is clean, whatever scripts do', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.page.evaluate(() => {
		document.querySelector('[name=summary]').value = 'By a script';
	});
	await ann.page.mouse.click(5, 5);
	await ann.field('title').click();
	await ann.type('title', 'Something');
	await said(ann, 'dirty');
	assert.ok(await wouldAsk(ann));
	/* Typed back: clean again, also for what the script has done. */
	const since = ann.frames.length;
	await ann.type('title', 'The last ferry');
	await said(ann, 'viewing', since);
	assert.ok(!await wouldAsk(ann));
});

scenario('every kind of field counts, and comes back', async (s) => {
	const article = await s.article();
	const bob = await editing(s, 'bob', article);
	const erin = await viewing(s, 'erin', article);
	const { page } = bob;

	await bob.type('title', 'By Bob');
	await bob.field('state').selectOption({ index: 1 });
	await bob.field('is_featured').click();
	await page.locator('.press-area').click();
	await page.keyboard.press('Control+End');
	await page.keyboard.type(' Two.');
	await page.locator('#id_tags_from').selectOption({ index: 0 });
	await page.locator('.selector-add').click();
	await bob.field('comment_set-0-text').fill('Not every week.');
	await page.locator('.select2-selection').first().click();
	await page.locator('.select2-results__option').last().click();
	await page.evaluate(() => {
		const secret = document.createElement('input');

		secret.type = 'password';
		secret.name = 'secret';
		document.querySelector('form[id$="_form"]').append(secret);
	});
	await bob.type('secret', 'hunter2');
	const values = () => page.evaluate(() => ({
		...Object.fromEntries(['title', 'state', 'author', 'body',
		    'comment_set-0-text'].map((name) => [name,
		        document.querySelector(`[name="${name}"]`).value])),
		featured: document.querySelector('[name=is_featured]').checked,
		area: document.querySelector('.press-area').textContent,
		tags: [...document.querySelector('#id_tags_to').options]
		    .map((o) => o.value).sort(),
	}));
	const wanted = await values();
	assert.equal(wanted.tags.length, 2);

	await erin.press('take_over', {}, '\u2026');
	await erin.press('take_over');
	await erin.mode('editor');
	await bob.mode('viewer');
	const draft = await kept(bob);
	for (const name of ['title', 'state', 'author', 'is_featured', 'body',
	    'tags', 'comment_set-0-text'])
		assert.ok(name in draft, `${name} is not in the draft`);
	assert.doesNotMatch(JSON.stringify(draft), /hunter2|csrf|TOTAL_FORMS/);

	/* It survives a reload, and is put back into the fields. */
	await Promise.all([page.waitForEvent('load'), page.reload()]);
	await bob.mode('viewer');
	assert.equal(await bob.field('title').inputValue(), 'The last ferry');
	await erin.close();
	await bob.mode('editor');
	await bob.press('restore');
	await page.waitForFunction(() =>
	    document.querySelector('[name=title]').value === 'By Bob');
	assert.deepEqual({ ...await values(), body: '' }, { ...wanted, body: '' });
	await bob.save();
	await bob.mode('editor');
	assert.equal(await s.stored(article, 'title'), 'By Bob');
	assert.match(await s.stored(article, 'body'), /Two\./);
	/* When the save is in the log. */
	await page.waitForFunction(() => !Object.keys(sessionStorage)
	    .some((k) => k.startsWith('collabd:draft:')));
});

scenario('what comes into a read-only form is read-only', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await bob.page.evaluate(() => {
		const row = document.createElement('div');

		row.id = 'late';
		for (const type of ['text', 'checkbox']) {
			const input = document.createElement('input');
			input.type = type;
			row.append(input);
		}
		document.querySelector('form[id$="_form"]').append(row);
	});
	const late = bob.page.locator('#late');
	await late.locator('[readonly]').waitFor();
	await late.locator('[type=checkbox]').click({ force: true });
	assert.ok(!await late.locator('[type=checkbox]').isChecked());
	await ann.close();
	await bob.mode('editor');
	assert.equal(await late.innerHTML(),
	    '<input type="text"><input type="checkbox">');
});

scenario('a Save while we ask who else is here goes on by itself', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');
	const release = await slowServer(ann);

	await ann.open(article.path);
	await ann.type('title', 'Early');
	await ann.pressSave('_continue');
	await ann.phase('checking');
	assert.equal(ann.posts.length, 0);
	await Promise.all([ann.page.waitForEvent('load'), release()]);
	assert.equal(ann.posts.length, 1);
	assert.match(ann.posts[0].postData(), /_continue/);
	assert.equal(await s.stored(article, 'title'), 'Early');
});

scenario('a Save while we ask is refused if somebody edits', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await s.tab('bob');
	const release = await slowServer(bob);

	await bob.open(article.path);
	await bob.type('title', 'Too late');
	await bob.pressSave('_save');
	release();
	await bob.mode('viewer');
	await bob.heard('Ann Lee');
	assert.equal(bob.posts.length, 0);
	/* What was typed is on the page, and kept. */
	assert.equal(await bob.field('title').inputValue(), 'Too late');
	assert.deepEqual((await kept(bob)).title, ['Too late']);
	await ann.mode('editor');
});

scenario('without an answer a Save goes through', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');

	await slowServer(ann, false);
	await ann.open(article.path);
	await ann.type('title', 'Alone');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'Alone');
});

scenario('a Save in the moment in which we stop asking is not lost', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');

	await slowServer(ann);
	await ann.open(article.path);
	await ann.type('title', 'Just then');
	/* Time is up between the click and what follows from it. */
	await Promise.all([ann.page.waitForEvent('load'),
	    ann.page.evaluate(() => {
		const now = Date.now();
		let calls = 0;

		Date.now = () => calls++ === 0 ? now : now + 60000;
		document.querySelector('[name=_continue]').click();
	    })]);
	assert.equal(await s.stored(article, 'title'), 'Just then');
});

scenario('text of a save that did not pass validation is dirty', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'Long work');
	await ann.type('slug', 'not a slug!');
	await ann.save();
	await ann.page.locator('.errornote').waitFor();
	await ann.mode('editor');
	assert.ok(await wouldAsk(ann));
	await ann.mark();
	await s.saveElsewhere(article, 'summary', 'From elsewhere.');
	await ann.frame('saved');
	assert.equal(await ann.field('title').inputValue(), 'Long work');
	assert.equal(await ann.button('reload').count(), 0);
});

scenario('a page of the package is left alone', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');

	await ann.page.addInitScript(() => {
		window.ADMIN_COLLABORATOR_EDITOR_MODE_TEXT = 'x';
	});
	await ann.open(article.path);
	assert.equal(await ann.bar.count(), 0);
	assert.equal(ann.frames.length, 0);
});

scenario('a page that turns out to be one of the package', async (s) => {
	const article = await s.article();
	const bob = await editing(s, 'bob', article);
	const ann = await s.tab('ann');

	const sockets = [];

	ann.page.on('websocket', (ws) => sockets.push(ws));
	/* When we are at work already. */
	await ann.page.addInitScript(() => {
		document.addEventListener('readystatechange', () => {
			window.hadBar = !!document.getElementById('collabd-bar');
			window.ADMIN_COLLABORATOR_EDITOR_MODE_TEXT = 'x';
		}, { once: true });
	});
	await ann.open(article.path);
	assert.equal(await ann.page.evaluate(() => window.hadBar), true);
	assert.equal(await ann.bar.count(), 0);
	assert.ok(!ann.frames.some((f) => f.type === 'claim_editor'));
	assert.equal(sockets.length, 1);
	if (!sockets[0].isClosed())
		await sockets[0].waitForEvent('close');
	await bob.here(1);
});

scenario('a duplicate of a tab is a tab of its own', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const id = (tab) => tab.frames.filter((f) => f.way === '>' &&
	    f.type === 'hello').at(-1).tab;
	const first = id(ann);

	/* The same over a reload; window.open copies the tab's storage. */
	await Promise.all([ann.page.waitForEvent('load'), ann.page.reload()]);
	await ann.mode('editor');
	assert.equal(id(ann), first);
	const [page] = await Promise.all([
		ann.page.waitForEvent('popup'),
		ann.page.evaluate(() => { window.open(location.href); }),
	]);
	const copy = await s.adopt(page, 'ann');
	await copy.mode('other_tab');
	const storage = await page.evaluate(() =>
	    Object.keys(sessionStorage).includes('collabd:tab'));
	assert.ok(!storage);
	await copy.press('use_here');
	await copy.mode('editor');
	await ann.mode('other_tab');
});
