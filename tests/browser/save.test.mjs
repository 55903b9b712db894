/** Saves: what viewers are told, and what happens to old pages. */
import assert from 'node:assert/strict';

import { picture, scenario, scenarioAlone } from './lib/scene.mjs';

async function twoOn(s, article) {
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	return { ann, bob };
}

scenario('viewers are told of a save and read the new text', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	await ann.type('title', 'Another title');
	/* It is to be seen for 5 s, then the page reloads itself. */
	await Promise.all([
	    bob.saysNewer('Ann Lee', 'Title')
	        .then(() => picture(bob, 'save-newer')),
	    ann.save().then(() => ann.mode('editor')),
	]);
	/* Unless it reloads by itself before that. */
	bob.press('reload').catch(() => {});
	await bob.page.waitForFunction(() =>
	    document.getElementById('id_title')?.value === 'Another title');
	await bob.mode('viewer');
	/* Who saved is not warned of the own save. */
	assert.equal(await ann.button('reload').count(), 0);
});

scenario('a clean page reloads itself where it was', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	await bob.page.evaluate(() => window.scrollTo(0, 300));
	const loaded = bob.page.waitForEvent('load');
	await ann.type('summary', 'New.');
	await ann.save();
	await loaded;
	await bob.page.waitForFunction(() => window.scrollY === 300);
	assert.equal(await bob.field('summary').inputValue(), 'New.');
});

scenario('a save that Django refuses is none', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	await ann.type('title', '');
	await ann.page.locator('form[id$="_form"]').evaluate((form) =>
	    form.setAttribute('novalidate', ''));
	await ann.save();
	await ann.page.locator('.errornote').waitFor();
	await ann.mode('editor');
	await ann.type('title', 'Right now');
	await ann.save();
	await bob.frame('saved');
	/* That of the second save is the first and only one. */
	assert.deepEqual(bob.got('saved').map((f) => f.fields), [['Title']]);
});

scenarioAlone('a save is told of after the commit, in whatever order', async (s) => {
	const article = await s.article('Committed late');
	const other = await s.article('Committed early');
	const carol = await s.tab('carol', article.path);
	const erin = await s.tab('erin', other.path);

	await carol.mode('editor');
	await erin.mode('editor');
	const victor = await s.tab('victor', other.path);
	await victor.mode('view_only');
	s.later(() => s.stack.django('from django.db import transaction\n' +
	    'if not transaction.get_autocommit():\n' +
	    '    transaction.rollback()\n' +
	    '    transaction.set_autocommit(True)'));
	await s.stack.django('from django.db import transaction\n' +
	    'transaction.set_autocommit(False)');
	await s.saveElsewhere(article, 'summary', 'Not yet.', 'bob');
	await erin.type('title', 'Early');
	await erin.save();
	await victor.frame('saved');
	assert.equal(carol.got('saved').length, 0);
	await s.stack.django('from django.db import transaction\n' +
	    'transaction.commit()\ntransaction.set_autocommit(True)');
	assert.equal((await carol.frame('saved')).name, 'Bob Okafor');
});

scenarioAlone('save_check = log: the editor is warned of a newer save',
    async (s) => {
	const article = await s.article();

	s.later(() => s.stack.command('collabd', { action: 'reload',
	    settings: { save_check: 'on' } }));
	await s.stack.command('collabd', { action: 'reload',
	    settings: { save_check: 'log' } });
	const ann = await s.tab('ann', article.path);
	await ann.frame('hello', (f) => f.settings.save_check === 'log');
	await ann.mode('editor');
	await ann.type('title', 'From this page');
	await s.saveElsewhere(article, 'summary', 'From elsewhere.');
	await ann.saysNewer('Carol Nyman', 'summary');
	await ann.mark();
	await ann.pressSave();
	await ann.says('save_refused');
	await ann.saysNewer('Carol Nyman');
	await picture(ann, 'save-overwrite');
	assert.equal(ann.posts.length, 0);
	await ann.press('cancel');
	await ann.button('save_anyway').waitFor({ state: 'detached' });
	assert.equal(await ann.field('title').inputValue(), 'From this page');
	await ann.pressSave();
	await Promise.all([ann.page.waitForEvent('load'),
	    ann.press('save_anyway')]);
	assert.equal(await s.stored(article, 'title'), 'From this page');
	assert.equal(ann.posts.length, 1);
});

scenario('a page that is dirty is never reloaded', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	await ann.mark();
	await ann.type('title', 'Half a sentence');
	await s.saveElsewhere(article, 'summary', 'From elsewhere.');
	await ann.saysNewer('Carol Nyman', 'summary');
	await ann.press('keep');
	assert.ok(await ann.isMarked());
	assert.equal(await ann.field('title').inputValue(), 'Half a sentence');
});

scenario('an action on the list is told of, deleting too', async (s) => {
	const article = await s.article('To be deleted');
	const { ann, bob } = await twoOn(s, article);
	const carol = await s.tab('carol',
	    '/admin/press/article/?q=To+be+deleted');

	const act = async (action) => {
		await carol.page.locator('input.action-select').first().check();
		await carol.page.locator('select[name="action"]')
		    .selectOption(action);
		await Promise.all([carol.page.waitForEvent('load'),
		    carol.page.locator('button[name="index"]').click()]);
	};
	/* A page with unsaved text does not load itself anew. */
	await ann.type('title', 'Too late');
	await Promise.all([bob.saysNewer('Carol Nyman', 'State'),
	    act('publish')]);
	await ann.saysNewer('Carol Nyman', 'State');
	await act('delete_selected');
	await Promise.all([carol.page.waitForEvent('load'),
	    carol.page.locator('[type="submit"]').last().click()]);
	await ann.says('newer_deleted', { name: 'Carol Nyman' });
});
