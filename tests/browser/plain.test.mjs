/** A page of the package's scripts and a tab of ours in one room. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { PATIENCE, scenario } from './lib/scene.mjs';

const WebSocket = createRequire(import.meta.url)('ws');

/** What a page with the package's scripts has: a socket without subprotocol. */
async function plain(s, name, article) {
	const profile = await s.profile(name);
	const cookie = (await profile.cookies()).map((c) =>
	    `${c.name}=${c.value}`).join('; ');
	const ws = new WebSocket(`${s.url.replace('http', 'ws')}` +
	    `/admin/collaboration/${article.room}/`,
	    { origin: s.url, headers: { Cookie: cookie } });
	const frames = [], waiting = new Set();

	s.later(() => ws.terminate());
	ws.on('message', (data) => {
		frames.push(JSON.parse(data));
		for (const look of [...waiting])
			look();
	});
	await new Promise((resolve, reject) => {
		ws.on('open', resolve);
		ws.on('error', reject);
	});
	return {
		say: (type) => ws.send(JSON.stringify({ type })),
		close: () => ws.close(1000),
		frames,
		/** The next frame of this type that fits, each only once. */
		hears: (type, fits = () => true) => new Promise((done, fail) => {
			const timer = setTimeout(() => {
				waiting.delete(look);
				fail(new Error(`${name} got no ${type} but ` +
				    JSON.stringify(frames)));
			}, PATIENCE);
			const look = () => {
				const n = frames.findIndex((f) =>
				    f.type === type && fits(f));
				if (n < 0)
					return;
				clearTimeout(timer);
				waiting.delete(look);
				done(frames.splice(n, 1)[0]);
			};
			waiting.add(look);
			look();
		}),
	};
}

scenario('a page of the package and a tab understand each other', async (s) => {
	const article = await s.article();
	const bob = await plain(s, 'bob', article);

	/* In the order in which the package's scripts do it. */
	await bob.hears('user_joined');
	bob.say('request_editor_status');
	await bob.hears('editor_status', (f) => f.editor_id === null);
	bob.say('claim_editor');
	const mine = await bob.hears('editor_status',
	    (f) => f.editor_id !== null);
	const ann = await s.tab('ann', article.path);
	await bob.hears('user_joined');
	await ann.mode('viewer');
	await ann.says('viewer_mode_text', { editor_name: 'Bob Okafor' });
	await ann.here(2);
	assert.equal(ann.got('lock').at(-1).editor.tab, null);
	assert.equal(String(ann.got('lock').at(-1).editor.user_id),
	    String(mine.editor_id));

	/* The tab asks; the page is told in its own words. */
	await ann.press('notification_button_text');
	await bob.hears('attention_requested');
	bob.say('release_lock');
	await bob.hears('lock_released');
	await ann.mode('offered', 'editor');
	if (await ann.button('start').count())
		await ann.press('start');
	await ann.mode('editor');
	assert.notEqual((await bob.hears('editor_status',
	    (f) => f.editor_id !== null)).editor_id, mine.editor_id);

	/* And the other way round. */
	bob.say('request_attention');
	await ann.has('Bob Okafor');
	await ann.press('close');
	await ann.type('title', 'By the tab');
	await ann.save();
	await bob.hears('content_updated');
	await ann.close();
	await bob.hears('user_left');
	for (const frame of bob.frames)
		assert.ok(!['hello', 'lock', 'presence', 'saved', 'error']
		    .includes(frame.type), frame.type);
});
