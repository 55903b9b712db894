/** Asking, handing over, taking over. */
import assert from 'node:assert/strict';

import { COUNTDOWN, PATIENCE, picture, scenario, scenarioAlone } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

async function editing(s, name, article, options) {
	const tab = await s.tab(name, article.path, options);

	await tab.mode('editor');
	return tab;
}

async function viewing(s, name, article) {
	const tab = await s.tab(name, article.path);

	await tab.mode('viewer');
	return tab;
}

/** The editor goes to another tab, and the other one knows. */
async function away(editor, other) {
	await editor.hide();
	await other.frame('user_present', (f) => f.user.state === 'idle');
}

scenario('asked, the editor hands over', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await bob.press('notification_button_text');
	await bob.mode('waiting');
	await ann.says('notification_message',
	    { username: 'Bob Okafor', n: 1 });
	await ann.heard('Bob Okafor');
	await picture(ann, 'handover-asked');
	await picture(bob, 'handover-waiting');
	await ann.press('hand_over');
	await bob.mode('editor');
	await bob.heard(t('editor_mode_text'));
	await ann.mode('viewer');
	await bob.type('title', 'By Bob');
	await bob.save();
	assert.equal(await s.stored(article, 'title'), 'By Bob');
});

scenario('the editor stops, and somebody else goes on', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	assert.equal(await ann.button('stop').count(), 0);
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	/* What is typed is to be saved first. */
	await ann.type('title', 'Half a title');
	await ann.button('stop').waitFor({ state: 'detached' });
	await ann.type('title', 'The last ferry');
	await ann.press('stop');
	await bob.mode('editor');
	await ann.mode('viewer');
	/* Not by itself again. */
	await bob.press('stop');
	await ann.mode('free');
	await bob.mode('free');
	await picture(ann, 'handover-nobody');
	await bob.press('start');
	await bob.mode('editor');
	await ann.mode('viewer');
});

scenario('asked, the editor wants more time', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await bob.press('notification_button_text');
	await ann.press('later', { n: 5 });
	await bob.frame('lock', (f) => f.hold_until !== null);
	await bob.mode('waiting');
	await ann.mode('editor');
	await bob.press('cancel');
	await bob.mode('viewer');
	await ann.says('editor_mode_text');
});

scenario('an editor who is away loses it after the countdown', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await ann.type('title', 'Typed and left');
	await away(ann, bob);
	await bob.press('notification_button_text');
	await bob.frame('lock', (f) => f.countdown !== null);
	await ann.has(t('goes_to', { name: 'Bob Okafor', time: '' }).trim());
	await ann.button('keep_editing').waitFor();
	await picture(ann, 'handover-countdown');
	const handed = await bob.frame('handed_over', () => true, 0,
	    PATIENCE + COUNTDOWN);
	assert.equal(handed.how, 'countdown');
	await bob.mode('editor');
	await ann.hide(false);
	await ann.mode('viewer');
	/* Her text is still there, to be copied. */
	assert.equal(await ann.field('title').inputValue(), 'Typed and left');
	await ann.button('copy').waitFor();
});

scenario('an editor who comes back stops the countdown', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await away(ann, bob);
	await bob.press('notification_button_text');
	await bob.frame('lock', (f) => f.countdown !== null);
	const seen = bob.frames.length;
	await ann.hide(false);
	await bob.frame('lock', (f) => f.countdown === null &&
	    f.editor !== null, seen);
	await ann.mode('editor');
	await bob.mode('waiting');
});

scenario('several ask, one is chosen; the next is offered it', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);
	const carol = await viewing(s, 'carol', article);

	await bob.press('notification_button_text');
	await bob.mode('waiting');
	await carol.press('notification_button_text');
	await carol.says('place', { n: 2 });
	await (await ann.people(3)).getByRole('listitem')
	    .filter({ hasText: 'Carol Nyman' })
	    .getByRole('button', { name: t('hand_over') }).click();
	await carol.mode('editor');
	await bob.says('place', { n: 1 });
	await carol.close();
	await bob.mode('offered');
	await bob.says('offered');
	await picture(bob, 'handover-offered');
	/* Who has not asked does not get between. */
	await ann.mode('free');
	await bob.press('start');
	await bob.mode('editor');
	await ann.mode('viewer');
});

scenario('an offer that is declined goes on', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);
	const carol = await viewing(s, 'carol', article);

	await bob.press('notification_button_text');
	await bob.mode('waiting');
	await carol.press('notification_button_text');
	await carol.mode('waiting');
	await ann.close();
	await bob.mode('offered');
	await bob.press('decline');
	await carol.mode('offered');
	await carol.press('start');
	await carol.mode('editor');
	await bob.mode('viewer');
});

scenarioAlone('taken over: the reason is told, the text is kept', async (s) => {
	const article = await s.article();
	const bob = await editing(s, 'bob', article,
	    { permissions: ['clipboard-read', 'clipboard-write'] });
	const erin = await viewing(s, 'erin', article);

	await bob.type('title', 'Typed by Bob');
	await bob.type('summary', 'Long thoughts.');
	await erin.shows('Bob Okafor', 's_dirty');
	await erin.press('take_over', {}, '\u2026');
	await erin.bar.getByRole('textbox', { name: t('reason') })
	    .fill('The printer waits');
	await erin.press('take_over');
	await erin.mode('editor');
	await bob.mode('viewer');
	await bob.says('taken_over', { name: 'Erin Castro' });
	await bob.has('The printer waits');
	await bob.heard('Erin Castro');
	await picture(bob, 'takeover-ousted');
	assert.equal(await bob.field('title').inputValue(), 'Typed by Bob');
	await bob.press('copy');
	await bob.has(`\u2713 ${t('copy')}`);
	const copied = await bob.page.evaluate(() =>
	    navigator.clipboard.readText());
	assert.match(copied, /Typed by Bob/);
	assert.match(copied, /Long thoughts\./);
	assert.doesNotMatch(copied, /Jonas|csrf/);

	/* Still there after a reload, and back when it is Bob's turn. */
	await Promise.all([bob.page.waitForEvent('load'),
	    bob.page.reload()]);
	await bob.mode('viewer');
	assert.equal(await bob.field('title').inputValue(), 'The last ferry');
	await bob.button('copy').waitFor();
	await erin.close();
	await bob.mode('editor');
	await bob.press('restore');
	await bob.page.waitForFunction(() => document.querySelector(
	    '[name=title]').value === 'Typed by Bob');
	assert.equal(await bob.field('summary').inputValue(),
	    'Long thoughts.');
	await bob.save();
	assert.equal(await s.stored(article, 'title'), 'Typed by Bob');
	await bob.mode('editor');
	assert.equal(await bob.button('restore').count(), 0);
});

scenario('who may not take over is not offered it', async (s) => {
	const article = await s.article();
	await editing(s, 'ann', article);
	const bob = await viewing(s, 'bob', article);

	await bob.button('notification_button_text').waitFor();
	assert.equal(await bob.bar.getByText(t('take_over')).count(), 0);
});
