/** For everybody: keyboard, screen readers, dark, right to left, strict. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { loads, panel, update } from './lib/panel.mjs';
import { picture, scenario, scenarioAlone } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** axe-core's serious findings in what is ours. */
async function findings(tab) {
	await tab.page.addScriptTag({ path: AXE });
	return tab.page.evaluate(async () => {
		const ours = ['#collabd-bar', '#collabd-panel', '#collabd-chat',
		    '#collabd-status', '#collabd-alert'].filter((s) =>
		    document.querySelector(s));
		const { violations } = await window.axe.run(
		    { include: ours.map((s) => [s]) });
		return violations.filter((v) =>
		    ['serious', 'critical'].includes(v.impact)).map((v) =>
		    `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' +
		        n.failureSummary).join('; ')}`);
	});
}

/** The label of what has the focus, inside shadow roots too. */
function focused(tab) {
	return tab.page.evaluate(() => {
		let e = document.activeElement;
		while (e?.shadowRoot?.activeElement)
			e = e.shadowRoot.activeElement;
		return (e?.getAttribute('aria-label') || e?.textContent ||
		    e?.tagName || '').trim();
	});
}

/** Tab on to the control with this label, and say how far it was. */
async function tabTo(tab, label, key = 'Tab') {
	const seen = [];

	for (let n = 0; n < 40; n++) {
		const at = await focused(tab);
		if (label instanceof RegExp ? label.test(at) : at === label)
			return;
		seen.push(at);
		await tab.page.keyboard.press(key);
	}
	assert.fail(`"${label}" is not reached with ${key}: ${seen}`);
}

scenario('everything with the keyboard alone', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	await ann.mode('editor');
	const erin = await s.tab('erin', article.path);
	const keys = erin.page.keyboard;
	const who = new RegExp(`^${t('who')}\\s*\\(2\\)`);

	await erin.mode('viewer');
	await erin.here(2);
	/* The list of people. */
	await keys.press('Alt+Shift+C');
	await tabTo(erin, who);
	await keys.press('Enter');
	await erin.list.waitFor();
	await keys.press('Escape');
	await erin.list.waitFor({ state: 'hidden' });
	assert.match(await focused(erin), who);
	/* A chat from it. */
	await keys.press('Enter');
	await tabTo(erin, `${t('chat')}: Ann Lee`);
	await keys.press('Enter');
	await keys.type('Hello');
	await keys.press('Enter');
	await ann.frame('chat_message', (f) => f.message === 'Hello');
	await keys.press('Escape');
	await erin.page.locator('#collabd-chat').getByRole('group')
	    .waitFor({ state: 'detached' });
	/* Asking, and no more asking. */
	await keys.press('Alt+Shift+C');
	await tabTo(erin, t('notification_button_text'));
	await keys.press('Enter');
	await erin.mode('waiting');
	await keys.press('Alt+Shift+C');
	await tabTo(erin, t('cancel'));
	await keys.press('Enter');
	await erin.mode('viewer');
	/* Taking over, thought better of, then done. */
	await keys.press('Alt+Shift+C');
	await tabTo(erin, `${t('take_over')}\u2026`);
	await keys.press('Enter');
	await keys.type('Because');
	await keys.press('Escape');
	assert.equal(await focused(erin), `${t('take_over')}\u2026`);
	await keys.press('Enter');
	await keys.type('Because');
	await keys.press('Enter');
	await erin.mode('editor');
	/* Ann asks for it back and gets it. */
	await ann.mode('viewer');
	await ann.page.keyboard.press('Alt+Shift+C');
	await tabTo(ann, t('notification_button_text'));
	await ann.page.keyboard.press('Enter');
	await erin.says('notification_message',
	    { username: 'Ann Lee', n: 1 });
	await keys.press('Alt+Shift+C');
	await tabTo(erin, t('hand_over'));
	await keys.press('Enter');
	await ann.mode('editor');
});

scenario('what others have changed, with the keyboard alone', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	const keys = ann.page.keyboard;

	await ann.mode('editor');
	await ann.type('title', 'By Ann');
	await ann.type('summary', 'It sails again.');
	await update(s, article, { title: 'By SQL', summary: 'It sailed.' });
	await keys.press('Enter');
	await ann.field('title').press('Enter');
	await panel(ann).waitFor();
	assert.match(await focused(ann), /2 changes were made elsewhere/);
	/* Nothing is chosen: it is said, and the first choice has the focus. */
	await tabTo(ann, t('save_merged'));
	await keys.press('Enter');
	await panel(ann).getByRole('alert').waitFor();
	await keys.press('Space');
	assert.ok(await panel(ann).getByLabel(t('use_yours')).first().isChecked());
	/* The other field: its second choice, then edited. */
	await keys.press('Tab');
	await keys.press('Space');
	await keys.press('ArrowDown');
	await keys.press('ArrowDown');
	assert.ok(await panel(ann).getByLabel(t('edit_both')).isChecked());
	await keys.press('Tab');
	await keys.press('Control+A');
	await keys.type('Both.');
	/* Escape does not throw that away. */
	await keys.press('Escape');
	await tabTo(ann, t('save_merged'));
	await loads(ann, keys.press('Enter'));
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'Both.');
});

for (const colorScheme of ['light', 'dark'])
	scenario(`axe-core finds nothing serious in the panel, ${colorScheme}`,
	    async (s) => {
		const article = await s.article();
		const ann = await s.tab('ann', article.path, { colorScheme });

		await ann.mode('editor');
		await ann.type('title', 'By Ann');
		await ann.type('summary', 'It sails again.');
		await update(s, article, { title: 'By SQL', state: 'review',
		    summary: 'It sailed.' });
		await ann.pressSave();
		await panel(ann).waitFor();
		assert.deepEqual(await findings(ann), [], 'as it comes');
		await panel(ann).getByLabel(t('edit_both')).check();
		await panel(ann).getByRole('button', { name: t('save_merged') })
		    .click();
		await panel(ann).getByRole('alert').waitFor();
		assert.deepEqual(await findings(ann), [], 'something is missing');
		await picture(ann, `access-panel-${colorScheme}`);
	});

for (const colorScheme of ['light', 'dark'])
	scenario(`axe-core finds nothing serious, ${colorScheme}`, async (s) => {
		const article = await s.article();
		const ann = await s.tab('ann', article.path, { colorScheme });
		await ann.mode('editor');
		const bob = await s.tab('bob', article.path, { colorScheme });

		await bob.mode('viewer');
		await bob.here(2);
		assert.deepEqual(await findings(bob), [], 'viewer');
		await bob.who(2).click();
		assert.deepEqual(await findings(bob), [], 'list of people');
		await bob.page.keyboard.press('Escape');
		await bob.press('notification_button_text');
		await ann.says('notification_message',
		    { username: 'Bob Okafor', n: 1 });
		assert.deepEqual(await findings(ann), [], 'asked');
		assert.deepEqual(await findings(bob), [], 'waiting');
		await ann.type('title', 'Dirty');
		await ann.press('hand_over');
		await ann.button('copy').waitFor();
		assert.deepEqual(await findings(ann), [], 'ousted');
		await (await ann.people(2)).getByRole('button',
		    { name: `${t('chat')}: Bob Okafor` }).click();
		assert.deepEqual(await findings(ann), [], 'chat');
		await picture(ann, `access-${colorScheme}`);
	});

scenario('dark pages have a dark bar', async (s) => {
	const article = await s.article();
	const light = await s.tab('ann', article.path);
	const dark = await s.tab('bob', article.path,
	    { colorScheme: 'dark' });
	/* How bright the text is, in the way that the canvas sees it. */
	const brightness = (tab) => tab.bar.evaluate((bar) => {
		const c = document.createElement('canvas').getContext('2d');
		c.fillStyle = getComputedStyle(
		    bar.querySelector('.cb-text')).color;
		c.fillRect(0, 0, 1, 1);
		const [r, g, b] = c.getImageData(0, 0, 1, 1).data;
		return r + g + b;
	});

	await light.mode('editor');
	await dark.mode('viewer');
	await picture(dark, 'access-dark-viewer');
	assert.ok(await brightness(light) < 384, 'dark text on light');
	assert.ok(await brightness(dark) > 384, 'light text on dark');
});

scenario('right to left', async (s) => {
	const article = await s.article();
	await s.tab('ann', article.path);
	const bob = await s.tab('bob', article.path, { locale: 'ar' });

	await bob.mode('viewer');
	await bob.bar.getByText(/[\u0600-\u06ff]{3}/).first().waitFor();
	await picture(bob, 'access-rtl');
	const place = await bob.bar.evaluate((bar) => {
		const box = (e) => e.getBoundingClientRect();
		const all = box(bar);
		return { start: all.right - box(bar.querySelector('.cb-text'))
		    .right, end: box(bar.querySelector('.cb-buttons')).left -
		    all.left, width: all.width,
		    direction: getComputedStyle(bar).direction };
	});
	assert.equal(place.direction, 'rtl');
	/* The text begins on the right, the buttons are left of it. */
	assert.ok(place.start < place.width / 2, JSON.stringify(place));
	assert.ok(place.end < place.width / 2, JSON.stringify(place));
});

scenario('the form does not move when the bar fills', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	const profile = await s.profile('bob');

	/* Where the form stands as soon as the bar is there, still empty. */
	await profile.addInitScript(() => {
		const top = () => document.querySelector('form[id$="_form"]')
		    .getBoundingClientRect().top + window.scrollY;
		window.tops = [];
		window.lookTop = () => window.tops.push(top());
		new MutationObserver((changes, observer) => {
			if (!document.querySelector('#collabd-bar'))
				return;
			observer.disconnect();
			window.tops.push(top());
		}).observe(document, { childList: true, subtree: true });
	});
	const bob = await s.tab(profile, article.path);
	await bob.mode('viewer');
	await bob.here(2);
	await bob.page.evaluate(() => window.lookTop());
	await bob.press('notification_button_text');
	await bob.mode('waiting');
	await bob.page.evaluate(() => window.lookTop());
	await ann.press('hand_over');
	await bob.mode('editor');
	await bob.page.evaluate(() => window.lookTop());
	const tops = await bob.page.evaluate(() => window.tops);
	assert.equal(tops.length, 4);
	assert.deepEqual(tops, tops.map(() => tops[0]));
});

scenarioAlone('a strict Content-Security-Policy', async (s) => {
	const article = await s.article();

	s.later(() => s.stack.command('site', { env: {} }));
	await s.stack.command('site', { env: { SITE_CSP: '1' } });
	const ann = await s.tab('ann');
	const answer = await ann.page.goto(article.path);
	assert.match(answer.headers()['content-security-policy'],
	    /script-src 'self'/);
	await ann.mode('editor');
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	await bob.here(2);
	await bob.who(2).click();
	await picture(bob, 'access-csp');
	await bob.page.keyboard.press('Escape');
	await bob.press('notification_button_text');
	await ann.press('hand_over');
	await bob.mode('editor');
	await bob.type('title', 'By Bob');
	await update(s, article, { summary: 'By SQL.' });
	await bob.pressSave();
	await panel(bob).waitFor();
	for (const tab of [ann, bob])
		assert.deepEqual((await tab.page.evaluate(() =>
		    window.collabdRefused)).filter((text) =>
		    /collaboration/.test(text)), []);
	/* The style sheet is in force inside the shadow roots too. */
	assert.ok(await bob.bar.evaluate((bar) => bar.offsetHeight > 20));
});
