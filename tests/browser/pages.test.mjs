/** The kinds of pages that an admin has. */
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { CHROMIUM } from './lib/chromium.mjs';
import { picture, scenario } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

const BOOK = '/admin/press/book/5f0c2f0e-1f7b-4c8e-9a51-3d1f6f8f0a01/change/';

async function editing(s, who, path) {
	const tab = await s.tab(who, path);

	await tab.mode('editor');
	return tab;
}

scenario('a second tab: use it here', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');
	const first = await editing(s, profile, article.path);
	const second = await s.tab(profile, article.path);

	await second.mode('other_tab');
	await second.says('other_tab');
	await picture(second, 'pages-other-tab');
	await first.here(1);
	await second.press('use_here');
	await second.mode('editor');
	await first.mode('other_tab');
	await second.type('title', 'From the second');
	await second.save();
	assert.equal(await s.stored(article, 'title'), 'From the second');
});

scenario('a UUID as key', async (s) => {
	await editing(s, 'ann', BOOK);
	const bob = await s.tab('bob', BOOK);

	await bob.mode('viewer');
	await bob.says('viewer_mode_text', { editor_name: 'Ann Lee' });
	assert.equal(bob.got('lock').at(-1).editor.name, 'Ann Lee');
});

for (const [key, segment] of [['North 1/A', 'North 1_2FA'],
    ['North_1_B', 'North_5F1_5FB'], ['S\u00fcd & Kontor',
	'S\u00fcd _26 Kontor']])
	scenario(`the key ${key}`, async (s) => {
		const path = `/admin/press/shelf/${encodeURIComponent(segment)}` +
		    '/change/';
		const list = await s.tab('carol', '/admin/press/shelf/');
		const ann = await editing(s, 'ann', path);
		const bob = await s.tab('bob', path);
		const row = list.page.locator('#result_list tbody tr')
		    .filter({ hasText: key });

		await bob.mode('viewer');
		await row.getByText(t('badge', { name: 'Ann Lee' })).waitFor();
		await ann.type('note', `Dusted ${Date.now()}`);
		/* It is to be seen for 5 s, then the page reloads itself. */
		await Promise.all([bob.saysNewer('Ann Lee', 'Note'),
		    ann.save()]);
	});

scenario('inlines are part of the form', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article.path);
	const bob = await s.tab('bob', article.path);

	await bob.mode('viewer');
	/* A row that comes while the form is locked is locked as well. */
	await bob.page.evaluate(() => {
		const rows = document.querySelectorAll('[id^="comment_set-"]');
		const row = rows[0].cloneNode(true);
		for (const e of row.querySelectorAll('[name]')) {
			e.name = e.name.replace('-0-', '-9-');
			e.removeAttribute('readonly');
		}
		rows[0].after(row);
	});
	const late = bob.field('comment_set-9-name');
	await bob.page.waitForFunction(() => document.querySelector(
	    '[name="comment_set-9-name"]').readOnly);
	await late.click();
	await bob.page.keyboard.type('x');
	assert.equal(await late.inputValue(), 'Lene');

	await ann.page.getByText('Add another Comment').click();
	/* The one that was just added is the last but one; and it is empty. */
	await ann.type('comment_set-1-name', 'Per');
	await ann.type('comment_set-1-text', 'Which ferry?');
	await ann.save();
	await bob.frame('saved');
	assert.equal(await s.stored(article, 'comment_set.count()'), 2);
});

scenario('a popup locks, and has no chat', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article.path);
	const [page] = await Promise.all([
		ann.page.waitForEvent('popup'),
		ann.page.locator('#change_id_author').click(),
	]);
	const popup = await s.adopt(page, 'ann');
	const path = new URL(page.url()).pathname;

	await popup.mode('editor');
	/* Its first socket may be older than who looks at its frames. */
	await page.reload();
	await popup.mode('editor');
	const bob = await s.tab('bob', path);
	await bob.mode('viewer');
	await popup.says('editor_mode_text');
	await picture(popup, 'pages-popup');
	/* Bob can chat from his page, she from this window cannot. */
	await (await bob.people(2)).getByRole('button',
	    { name: `${t('chat')}: Ann Lee` }).click();
	const log = bob.page.locator('#collabd-chat').getByRole('textbox');
	await log.fill('Hello');
	await log.press('Enter');
	await popup.frame('chat_message');
	assert.equal(await page.locator('#collabd-chat').getByRole('button')
	    .count(), 0);
	assert.equal(await popup.who(2).count(), 0);
	/* Saving closes it and gives its name back to the first page. */
	await popup.type('biography', `Cooks. ${Date.now()}`);
	const closed = page.waitForEvent('close');
	await popup.pressSave('_save');
	await closed;
	await ann.mode('editor');
	await bob.frame('saved');
});

scenario('who may only look is here, and never claims', async (s) => {
	const article = await s.article();
	const victor = await s.tab('victor', article.path);

	await victor.mode('view_only');
	await victor.here(1);
	const ann = await editing(s, 'ann', article.path);
	await ann.here(2);
	await ann.shows('Victor Petrov', 's_viewing');
	await victor.shows('Ann Lee', 's_editor');
	for (const key of ['notification_button_text', 'start', 'take_over'])
		assert.equal(await victor.bar.getByText(t(key)).count(), 0,
		    key);
	await picture(victor, 'pages-view-only');
	await ann.close();
	await victor.here(1);
	await victor.mode('view_only');
	assert.equal(victor.frames.filter((f) => f.type === 'claim_editor')
	    .length, 0);
});

scenario('the list shows who edits what', async (s) => {
	const article = await s.article('Badge of honour');
	const carol = await s.tab('carol', '/admin/press/article/?q=Badge+of');
	const badge = carol.page.locator('#result_list')
	    .getByText(t('badge', { name: 'Ann Lee' }));

	await carol.frame('badges');
	const ann = await editing(s, 'ann', article.path);
	await badge.waitFor();
	await picture(carol, 'pages-list');
	await ann.close();
	await badge.waitFor({ state: 'detached' });
	/* And the list that is opened later. */
	await editing(s, 'ann', article.path);
	const bob = await s.tab('bob', '/admin/press/article/?q=Badge+of');
	await bob.page.locator('#result_list')
	    .getByText(t('badge', { name: 'Ann Lee' })).waitFor();
});

scenario('the page that adds has no lock', async (s) => {
	const path = '/admin/press/author/add/';
	const ann = await s.tab('ann', path);
	const bob = await s.tab('bob', path);

	await ann.here(2);
	await bob.here(2);
	await ann.mode('none');
	await bob.mode('none');
	for (const [tab, name] of [[ann, 'A. Author'], [bob, 'B. Author']]) {
		await tab.type('name', name);
		await tab.save('_save');
		await tab.page.locator('.messagelist .success').waitFor();
	}
});

for (const attribute of ['', ' defer'])
	scenario(`a script tag with${attribute || 'out'} works too`,
	    (s) => otherTag(s, attribute));

async function otherTag(s, attribute) {
	const article = await s.article();
	/* What a test answers counts as from far away, and may not open a
	 * socket to this machine. */
	const own = await chromium.launch({ ...CHROMIUM, args: [
	    ...CHROMIUM.args, '--disable-features=LocalNetworkAccessChecks,' +
	    'LocalNetworkAccessChecksWebSockets'] });

	s.later(() => own.close());
	const profile = await s.profile('ann', { browser: own });
	let changed = 0;

	await profile.route(`**${article.path}`, async (route) => {
		const response = await route.fetch();
		const body = (await response.text()).replace(
		    /(client\.js") async fetchpriority="high"/, (_, tag) => {
			    changed++;
			    return tag + attribute;
		    });

		await route.fulfill({ response, body });
	});
	const ann = await s.tab(profile, article.path);

	await ann.mode('editor');
	assert.equal(changed, 1);
}

scenario('the socket does not wait for the page', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');
	let free, opened;
	const held = new Promise((resolve) => { free = resolve; });
	const socket = new Promise((resolve) => { opened = resolve; });

	/* A script of the page that comes late: the form is not there before. */
	await ann.page.route('**/calendar.js', async (route) => {
		await held;
		await route.continue();
	});
	ann.page.once('websocket', opened);
	const loaded = ann.open(article.path);

	await socket;
	await ann.frame('lock');
	assert.ok(!ann.frames.some((f) => f.type === 'claim_editor'));
	free();
	await loaded;
	await ann.mode('editor');
});

scenario('a page that is loaded in advance is nobody\'s presence', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');
	const sockets = [];

	ann.page.on('websocket', (ws) => sockets.push(ws.url()));
	await ann.page.addInitScript(() => {
		let prerendering = true;

		Object.defineProperty(document, 'prerendering',
		    { get: () => prerendering });
		window.activate = () => {
			prerendering = false;
			document.dispatchEvent(new Event('prerenderingchange'));
		};
	});
	await ann.open(article.path);
	assert.deepEqual(sockets, []);
	assert.equal(await ann.bar.count(), 0);
	await ann.page.evaluate(() => window.activate());
	await ann.mode('editor');
	assert.equal(sockets.length, 1);
});

scenario('the first state is there soon', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article.path);

	assert.equal(await ann.page.evaluate(() => performance
	    .getEntriesByName('collabd:first-state').length), 1);
});
