/** Chat between the people of one page. */
import assert from 'node:assert/strict';

import { picture, scenario } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

const chatWith = (name) => `${t('chat')}: ${name}`;
const windowOf = (tab, name) => tab.page.locator('#collabd-chat')
    .getByRole('group', { name: chatWith(name), exact: true });

/** From the list of who is here. */
async function openWith(tab, name, n = 2) {
	await (await tab.people(n)).getByRole('button',
	    { name: chatWith(name) }).click();
	await windowOf(tab, name).waitFor();
}

async function say(tab, name, text) {
	const input = windowOf(tab, name).getByRole('textbox');

	await input.fill(text);
	await input.press('Enter');
}

scenario('a message goes to one of three', async (s) => {
	const article = await s.article();
	const [ann, bob, carol] = [await s.tab('ann', article.path),
	    await s.tab('bob', article.path),
	    await s.tab('carol', article.path)];

	await ann.here(3);
	await openWith(ann, 'Bob Okafor', 3);
	await say(ann, 'Bob Okafor', 'Are you done with the <b>title</b>?');
	await bob.heard('Ann Lee');
	await bob.page.locator('#collabd-chat').getByRole('button',
	    { name: t('unread', { n: 1 }) }).click();
	/* As text, whatever is in it. */
	await windowOf(bob, 'Ann Lee').getByRole('log')
	    .getByText('Are you done with the <b>title</b>?').waitFor();
	await say(bob, 'Ann Lee', 'Nearly.');
	await windowOf(ann, 'Bob Okafor').getByRole('log')
	    .getByText('Nearly.').waitFor();
	await picture(ann, 'chat');
	/* Carol's next message comes behind whatever she was sent before. */
	await openWith(ann, 'Carol Nyman', 3);
	await say(ann, 'Carol Nyman', 'Hello');
	await carol.frame('chat_message');
	assert.deepEqual(carol.got('chat_message').map((f) => f.message),
	    ['Hello']);
});

scenario('a chat is still there after a reload, and only then', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	const bob = await s.tab('bob', article.path);

	await ann.here(2);
	await openWith(ann, 'Bob Okafor');
	await say(ann, 'Bob Okafor', 'Remember this.');
	await bob.frame('chat_message');
	await Promise.all([ann.page.waitForEvent('load'),
	    ann.page.reload()]);
	await windowOf(ann, 'Bob Okafor').getByRole('log')
	    .getByText('Remember this.').waitFor();
	/* Bob goes: nothing can be sent to him any more. */
	await bob.close();
	await windowOf(ann, 'Bob Okafor')
	    .getByText(t('chat_offline_status_text'), { exact: true })
	    .waitFor();
	assert.ok(await windowOf(ann, 'Bob Okafor').getByRole('textbox')
	    .isDisabled());
});

scenario('a message does not take the focus away', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann', article.path);
	const bob = await s.tab('bob', article.path);

	await ann.here(2);
	await openWith(bob, 'Ann Lee');
	await ann.field('title').focus();
	await say(bob, 'Ann Lee', 'Hello');
	await ann.frame('chat_message');
	await ann.page.keyboard.type('!');
	assert.match(await ann.field('title').inputValue(), /!/);
});
