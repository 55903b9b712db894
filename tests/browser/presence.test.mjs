/** Who is here, and what they do. */
import assert from 'node:assert/strict';

import { picture, scenario } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

scenario('people on one page see each other, both ways', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	await ann.mode('editor');
	await ann.here(1);
	const bob = await s.tab('bob', article.path);
	await ann.here(2);
	await ann.shows('Bob Okafor', 's_viewing');
	await bob.here(2);
	await bob.shows('Ann Lee', 's_editor');
	await ann.type('title', 'The first ferry');
	await bob.shows('Ann Lee', 's_dirty');
	await bob.hide();
	await ann.shows('Bob Okafor', 's_idle');
	await bob.hide(false);
	await ann.shows('Bob Okafor', 's_viewing');
	await picture(ann, 'presence-editor');
	await picture(bob, 'presence-viewer');
	await bob.close();
	await ann.here(1);
	/* Who comes and goes is shown and not read out. */
	assert.deepEqual((await ann.said()).filter((text) =>
	    text.includes('Bob')), []);
});

scenario('the list of people has names, states and pictures', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	const carol = await s.tab('carol', article.path);

	await carol.here(2);
	const list = await carol.people(2);
	await list.getByText('Ann Lee').waitFor();
	await list.getByText(`Carol Nyman (${t('you')})`).waitFor();
	await list.getByText(t('s_editor')).waitFor();
	/* Ann has a picture, Carol has none. */
	assert.deepEqual(await list.locator('img').evaluateAll((all) =>
	    all.map((img) => img.getAttribute('src'))),
	    ['/media/avatars/ann.svg']);
	assert.equal(await list.getByText('@').count(), 0);
	await picture(carol, 'presence-list');
	await ann.close();
	await carol.here(1);
});
