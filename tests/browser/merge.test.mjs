/** What is saved is compared with what is there, by content, and merged. */
import assert from 'node:assert/strict';

import { button, choose, loads, panel, reads, stopped, update } from
    './lib/panel.mjs';
import { scenario } from './lib/scene.mjs';

async function editing(s, name, article) {
	const tab = await s.tab(name, article.path);

	await tab.mode('editor');
	return tab;
}

scenario('a field changed by SQL meanwhile is not overwritten', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await update(s, article, { title: 'By SQL', summary: 'Not hers.' });
	await stopped(ann);
	await reads(ann, 'Summary', 'It sails once more.', 'Not hers.');
	await reads(ann, 'Title', 'The last ferry', 'By Ann', 'By SQL');
	/* Not before somebody has chosen. */
	await button(ann, 'save_merged').click();
	await panel(ann).getByRole('alert').waitFor();
	await choose(ann, 'Title', 'use_yours');
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'Not hers.');
	assert.equal(ann.posts.length, 1);
	assert.match(ann.posts[0].postData(), /_continue/);
});
