/** Browsers, networks and daemons that go away. */
import assert from 'node:assert/strict';

import { picture, scenario, scenarioAlone } from './lib/scene.mjs';

async function twoOn(s, article, options) {
	const ann = await s.tab('ann', article.path, options);

	await ann.mode('editor');
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	return { ann, bob };
}

scenario('the editor\'s browser is killed, a viewer goes on', async (s) => {
	const article = await s.article();
	const { browser, kill } = await s.ownBrowser();
	const { ann, bob } = await twoOn(s, article, { browser });
	const loads = [];

	await ann.type('title', 'Lost');
	bob.page.on('load', () => loads.push(1));
	await kill();
	await bob.mode('editor');
	assert.ok(loads.length <= 1, `${loads.length} reloads`);
	await bob.type('title', 'By Bob');
	await bob.save();
	assert.equal(await s.stored(article, 'title'), 'By Bob');
});

scenario('a hidden tab is away and keeps the lock', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	await ann.type('title', 'Half');
	await ann.hide();
	await bob.frame('user_present', (f) => f.user.name === 'Ann Lee' &&
	    f.user.state === 'idle');
	await bob.mode('viewer');
	assert.equal(bob.got('lock').at(-1).editor.name, 'Ann Lee');
	await ann.hide(false);
	await ann.mode('editor');
	assert.equal(await ann.field('title').inputValue(), 'Half');
});

for (const [what, action] of [['restarts', 'restart'],
    ['is reloaded', 'reload']])
	scenarioAlone(`collabd ${what} while somebody types`, async (s) => {
		const article = await s.article();
		const { ann, bob } = await twoOn(s, article);
		const seen = [ann.frames.length, bob.frames.length];

		await ann.mark();
		await ann.type('title', 'Half a title');
		await s.stack.command('collabd', { action });
		await ann.frame('lock', (f) => f.editor?.name === 'Ann Lee',
		    seen[0]);
		await bob.frame('lock', (f) => f.editor?.name === 'Ann Lee',
		    seen[1]);
		await ann.phase('live');
		await ann.mode('editor');
		await bob.mode('viewer');
		assert.ok(await ann.isMarked());
		assert.equal(await ann.field('title').inputValue(),
		    'Half a title');
		await ann.save();
		assert.equal(await s.stored(article, 'title'), 'Half a title');
	});

scenarioAlone('a worker of collabd is killed', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	await ann.type('title', 'Half a title');
	await s.stack.command('collabd', { action: 'kill_worker' });
	await s.stack.command('collabd', { action: 'kill_worker' });
	await ann.phase('live');
	await ann.mode('editor');
	await bob.phase('live');
	await bob.mode('viewer');
	assert.equal(await ann.field('title').inputValue(), 'Half a title');
});

/* A worker that hangs cannot say so, and the sockets stay open. */
scenarioAlone('all workers of collabd hang while somebody types', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	s.later(() => s.stack.command('collabd', { action: 'go_on' }));
	await ann.mode('editor');
	await ann.mark();
	await ann.type('title', 'Before');
	const since = Date.now();
	await s.stack.command('collabd', { action: 'hang' });
	await ann.phase('offline');
	const took = Date.now() - since;
	await ann.says('offline');
	await picture(ann, 'trouble-hung');
	/* The lease of a worker: by then somebody else could have the lock. */
	assert.ok(took < 15000, `${took} ms`);
	await ann.type('title', 'Meanwhile');
	const seen = ann.frames.length;
	await s.stack.command('collabd', { action: 'go_on' });
	await ann.frame('lock', (f) => f.editor?.name === 'Ann Lee', seen);
	await ann.phase('live');
	await ann.mode('editor');
	assert.equal(await ann.field('title').inputValue(), 'Meanwhile');
	assert.ok(await ann.isMarked());
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'Meanwhile');
});

scenarioAlone('the editor\'s worker hangs: another one has the tab then',
    async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	s.later(() => s.stack.command('collabd', { action: 'go_on' }));
	await ann.mode('editor');
	await ann.mark();
	await ann.type('title', 'Before');
	const seen = ann.frames.length;
	assert.equal(await s.stack.command('collabd',
	    { action: 'hang_holders' }), 1);
	await ann.type('title', 'Meanwhile');
	/* Through the worker that is left. */
	await ann.frame('hello', () => true, seen);
	await ann.frame('lock', (f) => f.editor?.name === 'Ann Lee', seen);
	await ann.phase('live');
	await ann.mode('editor');
	const bob = await s.tab('bob', article.path);
	await bob.mode('viewer');
	assert.equal(await ann.field('title').inputValue(), 'Meanwhile');
	/* The other one finds the sockets that were given up. */
	await s.stack.command('collabd', { action: 'go_on' });
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'Meanwhile');
	await ann.mode('editor');
	await bob.mode('viewer');
});

scenario('the server does not know who edits', async (s) => {
	const article = await s.article();
	/* As the server would: on the sockets that are there. */
	const told = { ann: null, bob: null }, sockets = { ann: 0, bob: 0 };
	const profile = async (name) => {
		const made = await s.profile(name);

		await made.routeWebSocket(/collaboration/, (ws) => {
			const server = ws.connectToServer();

			sockets[name]++;
			told[name] = (frame) => ws.send(JSON.stringify(frame));
			server.onMessage((data) => {
				const frame = JSON.parse(data);

				if (frame.type === 'lock')
					told[name].lock = frame;
				ws.send(data);
			});
		});
		return made;
	};
	const ann = await s.tab(await profile('ann'), article.path);
	await ann.mode('editor');
	const bob = await s.tab(await profile('bob'), article.path);
	await bob.mode('viewer');
	await ann.mark();
	await ann.type('title', 'Before');

	for (const name of ['ann', 'bob'])
		told[name]({ type: 'lock_unknown' });
	await ann.phase('offline');
	await ann.says('offline');
	await picture(ann, 'trouble-unknown');
	await bob.phase('offline');
	await ann.type('title', 'Meanwhile');
	await bob.type('summary', 'Bob can type.');

	/* It is as it was. */
	for (const name of ['ann', 'bob'])
		told[name](told[name].lock);
	await ann.phase('live');
	await ann.mode('editor');
	await ann.says('editor_mode_text');
	await bob.mode('viewer');
	await bob.says('draft');

	/* And again, but somebody else has it. */
	told.ann({ type: 'lock_unknown' });
	await ann.phase('offline');
	await ann.type('title', 'Once more');
	told.ann({ ...told.ann.lock, editor: { ...told.ann.lock.editor,
	    user_id: 0, name: 'Somebody Else' } });
	await ann.mode('viewer');
	await ann.says('lost');
	await ann.says('draft');
	assert.equal(await ann.field('title').inputValue(), 'Once more');
	assert.ok(await ann.isMarked());
	assert.deepEqual(sockets, { ann: 1, bob: 1 });
});

scenarioAlone('the network is cut and comes back', async (s) => {
	const article = await s.article();
	const { ann, bob } = await twoOn(s, article);

	s.later(() => s.stack.command('route', { state: 'open' }));
	await ann.type('title', 'Before');
	await s.stack.command('route', { state: 'cut' });
	await ann.phase('offline');
	await ann.says('offline');
	await picture(ann, 'trouble-offline');
	await bob.phase('offline');
	await ann.type('title', 'Meanwhile');
	/* Nobody is locked out by a daemon that is not there. */
	await bob.type('summary', 'Bob can type.');
	await bob.type('summary', 'It sails once more.');
	await s.stack.command('route', { state: 'open' });
	/* Unless it came back by itself a moment before. */
	await Promise.any([ann.press('retry'), ann.phase('live')]);
	await ann.phase('live');
	await ann.mode('editor');
	await bob.phase('live');
	await bob.mode('viewer');
	assert.equal(await ann.field('title').inputValue(), 'Meanwhile');
});

scenarioAlone('offline, the form can be saved', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);

	s.later(() => s.stack.command('route', { state: 'open' }));
	await ann.mode('editor');
	await s.stack.command('route', { state: 'cut' });
	await ann.phase('offline');
	await ann.type('title', 'Saved offline');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'Saved offline');
});

scenarioAlone('collabd is down: the page is Django\'s own', async (s) => {
	const article = await s.article();

	s.later(() => s.stack.command('collabd', { action: 'start' }));
	await s.stack.command('collabd', { action: 'stop' });
	const ann = await s.tab('ann', article.path);
	await ann.type('title', 'Without collabd');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'Without collabd');
});

scenario('a daemon that says nothing locks nobody out', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');

	/* Opens, and never says a word. */
	await profile.routeWebSocket(/collaboration/, () => {});
	const ann = await s.tab(profile, article.path);
	await ann.type('title', 'In silence');
	/* Pressed while it is not known who else is here: held, not lost. */
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'In silence');
	await ann.phase('offline');
});

scenario('who is signed out is told so', async (s) => {
	const article = await s.article();
	const profile = await s.profile('erin');
	const erin = await s.tab(profile, article.path);

	await erin.mode('editor');
	await erin.type('title', 'Typed');
	const session = (await profile.cookies()).find((c) =>
	    c.name === 'sessionid').value;
	s.forget('erin');
	await s.stack.command('sql', { text:
	    'DELETE FROM django_session WHERE session_key = %s',
	    args: [session] });
	await erin.phase('signed_out');
	await erin.says('signed_out');
	await picture(erin, 'trouble-signed-out');
	assert.equal(await erin.field('title').inputValue(), 'Typed');
});
