/** What is saved is compared with what is there, by content, and merged. */
import assert from 'node:assert/strict';

import { button, choose, loads, panel, reads, row, rows, stopped, update } from
    './lib/panel.mjs';
import { picture, scenario } from './lib/scene.mjs';
import { t } from './lib/words.mjs';

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

scenario('what nobody has changed is saved without a question', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');
	const gets = [];

	/* One that is there before the client is. */
	await profile.addInitScript(() => document.addEventListener('submit',
	    () => sessionStorage.setItem('early',
	        Number(sessionStorage.getItem('early')) + 1), true));
	const ann = await s.tab(profile, article.path);
	await ann.mode('editor');
	ann.page.on('request', (r) => r.method() === 'GET' &&
	    r.url().endsWith(article.path) && !r.isNavigationRequest() &&
	    gets.push(r));
	await ann.type('title', 'By Ann');
	/* The page's own handlers, which must see one submit and one click. */
	await ann.page.evaluate(() => {
		const count = (what) => sessionStorage.setItem(what,
		    Number(sessionStorage.getItem(what)) + 1);
		const form = document.querySelector('form[id$="_form"]');
		const button = document.createElement('button');

		document.addEventListener('submit', () => count('capture'), true);
		form.addEventListener('submit', () => count('submit'));
		button.type = 'submit';
		button.name = '_continue';
		button.value = 'special';
		button.id = 'special';
		button.formAction = '?special=1';
		/* Against a second click, as many sites have it. */
		button.addEventListener('click', () => {
			count('click');
			setTimeout(() => { button.disabled = true; });
		});
		form.prepend(button);
	});
	await loads(ann, ann.page.locator('#special').click());
	assert.equal(ann.posts.length, 1);
	assert.match(ann.posts[0].url(), /\?special=1$/);
	assert.match(ann.posts[0].postData(), /name="_continue"\s+special/);
	assert.deepEqual(await ann.page.evaluate(() =>
	    ['early', 'capture', 'submit', 'click'].map((k) =>
	        sessionStorage.getItem(k))), ['1', '1', '1', '1']);
	assert.equal(gets.length, 1);
	assert.equal(await s.stored(article, 'title'), 'By Ann');
});

scenario('the second click of a double click is no second save', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'Twice');
	await loads(ann, ann.page.locator('input[name=_continue]').first()
	    .dblclick({ noWaitAfter: true }));
	await ann.mode('editor');
	assert.equal(ann.posts.length, 1);
});

scenario('go back, and save mine anyway', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await s.saveElsewhere(article, 'summary', 'By Carol.');
	await ann.saysNewer('Carol Nyman', 'summary');
	await stopped(ann);
	await reads(ann, 'Summary', t('changed_by', { name: 'Carol Nyman' }),
	    'By Carol.');
	assert.ok(await panel(ann).evaluate((p) => p === document.activeElement),
	    'the panel has the focus');
	await button(ann, 'go_back').click();
	await panel(ann).waitFor({ state: 'hidden' });
	assert.equal(await ann.field('title').inputValue(), 'By Ann');
	assert.equal(await ann.field('summary').inputValue(),
	    'It sails once more.');
	await stopped(ann);
	await loads(ann, button(ann, 'save_mine', { n: 1 }).click());
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'It sails once more.');
	assert.equal(ann.posts.length, 1);
});

scenario('every kind of field is compared, and theirs is taken', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await s.stack.django(`
from django.utils import timezone
from press.models import Article, Author, Tag
import datetime
a = Article.objects.get(pk=${article.id})
a.state = "published"
a.author = Author.objects.exclude(pk=a.author_id).first()
a.body = "<p>Two <b>lines</b>.</p>"
a.is_featured = True
a.publish_at = datetime.datetime(2026, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
a.attachment.name = "attachments/new.pdf"
a.title = "The last ferry"
a.save()
a.tags.set(Tag.objects.exclude(name="Sea")[:2])`);
	await stopped(ann);
	for (const label of ['Author', 'State', 'Publish at', 'Body', 'Tags',
	    'Is featured', 'Attachment'])
		await reads(ann, label);
	assert.equal(await rows(ann), 7);
	await reads(ann, 'Publish at', '2026-03-04 06:06:00');
	await reads(ann, 'Body', 'Two lines.');
	await reads(ann, 'Attachment', 'attachments/new.pdf');
	await picture(ann, 'merge-kinds');
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.deepEqual(await s.stack.django(`
from press.models import Article
a = Article.objects.get(pk=${article.id})
result = [a.title, a.state, a.author.name == "Jonas Feld", a.body,
    a.is_featured, a.publish_at.isoformat(), a.attachment.name,
    a.tags.count(), a.tags.filter(name="Sea").exists()]`),
	['By Ann', 'published', false, '<p>Two <b>lines</b>.</p>', true,
	    '2026-03-04T05:06:00+00:00', 'attachments/new.pdf', 2, false]);
});

scenario('a long text that both have changed', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('summary', 'It sails once more, on Sunday.');
	await s.saveElsewhere(article, 'summary', 'The ship sails once more.');
	await ann.saysNewer('Carol Nyman', 'summary');
	await stopped(ann);
	await row(ann, 'Summary').getByLabel(t('edit_both')).check();
	const both = row(ann, 'Summary').locator('textarea');
	await picture(ann, 'merge-long');
	assert.equal(await both.inputValue(),
	    'The ship sails once more, on Sunday.');
	await both.fill('The ship sails once more, on Monday.');
	await loads(ann, button(ann, 'save_merged').click());
	assert.equal(await s.stored(article, 'summary'),
	    'The ship sails once more, on Monday.');
});

scenario('theirs is chosen', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await s.saveElsewhere(article, 'title', 'By Carol');
	await ann.saysNewer('Carol Nyman', 'title');
	await stopped(ann);
	await choose(ann, 'Title', 'use_theirs', { name: 'Carol Nyman' });
	await loads(ann, button(ann, 'save_merged').click());
	assert.equal(await s.stored(article, 'title'), 'By Carol');
});

scenario('somebody changes it once more while the panel is open', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await update(s, article, { summary: 'Once.' });
	await stopped(ann);
	await reads(ann, 'Summary', 'Once.');
	await update(s, article, { summary: 'Twice.' });
	await button(ann, 'save_merged').click();
	await reads(ann, 'Summary', 'Twice.');
	assert.equal(ann.posts.length, 0);
	await loads(ann, button(ann, 'save_merged').click());
	assert.equal(await s.stored(article, 'summary'), 'Twice.');
	assert.equal(await s.stored(article, 'title'), 'By Ann');
});

scenario('what is typed while the panel is open is not lost', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await update(s, article, { summary: 'Theirs.' });
	await stopped(ann);
	await ann.type('title', 'By Ann, later');
	await ann.type('slug', `later-${article.id}`);
	/* Theirs alone until now; a choice since. */
	await ann.type('summary', 'Hers.');
	await button(ann, 'save_merged').click();
	await choose(ann, 'Summary', 'use_yours');
	await loads(ann, button(ann, 'save_merged').click());
	assert.deepEqual(await s.stack.django(`
from press.models import Article
a = Article.objects.get(pk=${article.id})
result = [a.title, a.slug, a.summary]`),
	['By Ann, later', `later-${article.id}`, 'Hers.']);
});

scenario('a page that sends the form itself, and stays', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.page.evaluate(() => {
		const form = document.querySelector('form[id$="_form"]');

		form.addEventListener('submit', (e) => {
			e.preventDefault();
			fetch(location.href, { method: 'POST',
			    body: new FormData(form) })
			    .then(() => { document.title = 'sent'; });
		});
	});
	for (const title of ['Once', 'Twice']) {
		await ann.type('title', title);
		await ann.page.evaluate(() => { document.title = ''; });
		await ann.pressSave();
		await ann.page.waitForFunction(() => document.title === 'sent');
		assert.equal(await s.stored(article, 'title'), title);
	}
});

scenario('both have done the same', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'The same');
	await update(s, article, { title: 'The same' });
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'The same');
	assert.equal(ann.posts.length, 1);
});

/*
 * Stand-ins for editors that do not follow their field, with what of their
 * interface and DOM is used: CodeMirror 5 (EasyMDE) and Trix.
 */
function makeEditors() {
	const area = document.getElementById('id_summary');
	const mirror = document.createElement('div');
	const shown = document.createElement('textarea');
	const heard = [];

	mirror.className = 'CodeMirror';
	mirror.append(shown);
	shown.id = 'mirror';
	shown.value = area.value;
	shown.addEventListener('input', () => heard.forEach((f) => f()));
	mirror.CodeMirror = {
		getTextArea: () => area, getValue: () => shown.value,
		setValue: (text) => { shown.value = text; },
		save: () => { area.value = shown.value; },
		getOption: () => shown.readOnly,
		setOption: (name, is) => { shown.readOnly = is; },
		on: (name, f) => heard.push(f),
	};
	area.style.display = 'none';
	area.after(mirror);
	area.form.addEventListener('submit', () => mirror.CodeMirror.save());

	const slug = document.getElementById('id_title');
	const editor = document.createElement('trix-editor');
	slug.type = 'hidden';
	editor.inputElement = slug;
	editor.contentEditable = 'true';
	editor.id = 'trix';
	editor.textContent = slug.value;
	editor.editor = { loadHTML(html) {
		editor.textContent = html;
		slug.value = html;
	} };
	editor.addEventListener('input', () => {
		slug.value = editor.textContent;
		editor.dispatchEvent(new Event('trix-change', { bubbles: true }));
	});
	slug.after(editor);
}

scenario('editors that do not follow their field', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');

	await profile.addInitScript(`document.addEventListener(
	    'DOMContentLoaded', ${makeEditors})`);
	const ann = await s.tab(profile, article.path);
	await ann.mode('editor');
	/* Theirs goes into the editor, and from there into the database. */
	await ann.type('slug', `a-slug-${article.id}`);
	await update(s, article, { summary: 'Theirs.', title: 'Theirs, too' });
	await stopped(ann);
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.equal(await s.stored(article, 'summary'), 'Theirs.');
	assert.equal(await s.stored(article, 'title'), 'Theirs, too');
	/* What was typed there is seen, though the field has nothing of it. */
	await ann.page.locator('#mirror').fill('Hers.');
	await ann.page.locator('#trix').fill('Hers, too');
	await update(s, article, { summary: 'Once more.', title: 'And more' });
	await ann.pressSave();
	await reads(ann, 'Summary', 'Theirs.', 'Hers.', 'Once more.');
	await reads(ann, 'title', 'Theirs, too', 'Hers, too', 'And more');
	for (const label of ['Summary', 'title'])
		await choose(ann, label, 'use_yours');
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.equal(await s.stored(article, 'summary'), 'Hers.');
	assert.equal(await s.stored(article, 'title'), 'Hers, too');
	/* What is put in is seen there, and can be gone on with. */
	await ann.type('slug', `b-slug-${article.id}`);
	await s.saveElsewhere(article, 'title', 'By Carol');
	await s.saveElsewhere(article, 'summary', 'By Carol, too');
	await ann.saysNewer('Carol Nyman', 'summary');
	await ann.press('compare');
	await reads(ann, 'Summary', 'By Carol, too');
	await button(ann, 'use_merged').click();
	await panel(ann).waitFor({ state: 'hidden' });
	assert.equal(await ann.page.locator('#trix').innerText(), 'By Carol');
	assert.equal(await ann.page.locator('#mirror').inputValue(),
	    'By Carol, too');
});

/* One that fills its field when the form is sent, and does not follow it. */
function makeUnknown() {
	document.addEventListener('DOMContentLoaded', () => {
		const area = document.getElementById('id_summary');
		const editor = document.createElement('div');

		if (!area)
			return;
		editor.id = 'unknown';
		editor.contentEditable = 'true';
		editor.textContent = area.value;
		area.style.display = 'none';
		area.after(editor);
		area.form.addEventListener('submit', () => {
			area.value = editor.textContent;
		});
	});
}

scenario('a draft that an editor does not take is shown and stays', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');

	await profile.addInitScript(makeUnknown);
	const ann = await s.tab(profile, article.path);
	await ann.mode('editor');
	await ann.page.locator('#unknown').fill('Hers.');
	await ann.type('title', 'By Ann');
	const erin = await s.tab('erin', article.path);
	await erin.mode('viewer');
	await erin.press('take_over', {}, '\u2026');
	await erin.press('take_over');
	await erin.mode('editor');
	await ann.mode('viewer');
	await erin.close();
	await loads(ann, ann.page.reload());
	await ann.mode('editor');
	await ann.press('restore');
	await panel(ann).getByText('Hers.').waitFor();
	/* What arrived did, and the text is not gone. */
	assert.equal(await ann.field('title').inputValue(), 'By Ann');
	assert.equal(await ann.field('summary').inputValue(),
	    'It sails once more.');
	await button(ann, 'go_back').click();
	await ann.button('copy').waitFor();
});

for (const [which, text] of [['mine', 'Hers.'], ['theirs', 'By Carol']])
	scenario(`an editor that nobody knows: ${which} is chosen`, async (s) => {
		const article = await s.article();
		const profile = await s.profile('ann');

		await profile.addInitScript(makeUnknown);
		const ann = await s.tab(profile, article.path);
		await ann.mode('editor');
		await ann.page.locator('#unknown').fill('Hers.');
		await s.saveElsewhere(article, 'summary', 'By Carol');
		await ann.saysNewer('Carol Nyman', 'summary');
		await stopped(ann);
		await reads(ann, 'Summary', 'It sails', 'Hers.', 'By Carol');
		if (which === 'mine')
			await choose(ann, 'Summary', 'use_yours');
		else
			await choose(ann, 'Summary', 'use_theirs',
			    { name: 'Carol Nyman' });
		await loads(ann, button(ann, 'save_merged').click());
		await ann.mode('editor');
		assert.equal(await s.stored(article, 'summary'), text);
	});

/** Comments of an article, as [name, text]. */
const comments = (s, article) => s.stack.django(`
from press.models import Comment
result = [[c.name, c.text] for c in
    Comment.objects.filter(article=${article.id}).order_by("id")]`);

const comment = (s, article, code) => s.stack.django(`
from press.models import Comment
c = Comment.objects.filter(article=${article.id})
${code}`);

scenario('inline rows that others add and change', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.field('comment_set-0-name').fill('By Ann');
	await ann.field('comment_set-1-name').fill('New');
	await ann.field('comment_set-1-text').fill('A new one of mine.');
	await comment(s, article, `
c.update(text="By SQL.")
c.create(article_id=${article.id}, name="Per", text="Theirs.")`);
	await stopped(ann);
	await reads(ann, 'Text', 'Lene: Every week.', 'By SQL.');
	await panel(ann).getByText(t('row_added')).waitFor();
	await picture(ann, 'merge-inline');
	await loads(ann, button(ann, 'save_merged').click());
	assert.deepEqual(await comments(s, article), [['By Ann', 'By SQL.'],
	    ['Per', 'Theirs.'], ['New', 'A new one of mine.']]);
});

scenario('an inline row that is gone does not stand in the way', async (s) => {
	const article = await s.article();

	await comment(s, article,
	    `c.create(article_id=${article.id}, name="Per", text="Second.")`);
	const ann = await editing(s, 'ann', article);
	await ann.field('comment_set-1-text').fill('By Ann.');
	/* The second is the first one now. */
	await comment(s, article, 'c.filter(name="Lene").delete()');
	await stopped(ann);
	await panel(ann).getByText(t('row_removed')).waitFor();
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.deepEqual(await comments(s, article), [['Per', 'By Ann.']]);
});

scenario('an inline row that is gone and typed into', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.field('comment_set-0-text').fill('Long work.');
	await comment(s, article, 'c.delete()');
	await stopped(ann);
	await panel(ann).getByLabel(t('use_yours')).check();
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.deepEqual(await comments(s, article), [['Lene', 'Long work.']]);
});

scenario('an inline row that I delete and they have changed', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.field('comment_set-0-DELETE').check();
	await comment(s, article, 'c.update(text="By SQL.")');
	await stopped(ann);
	await panel(ann).getByText(t('row_deleted')).waitFor();
	await panel(ann).getByLabel(t('use_other')).check();
	await loads(ann, button(ann, 'save_merged').click());
	await ann.mode('editor');
	assert.deepEqual(await comments(s, article), [['Lene', 'By SQL.']]);
});

scenario('the object is gone: saved as a new one', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'Not lost');
	await ann.type('slug', 'not-lost');
	await s.stack.django(`
from press.models import Article
Article.objects.filter(pk=${article.id}).delete()`);
	await stopped(ann);
	await panel(ann).getByText(t('gone')).waitFor();
	assert.equal(await button(ann, 'copy').count(), 1);
	assert.equal(await panel(ann).getByRole('button',
	    { name: /anyway/ }).count(), 0);
	await picture(ann, 'merge-gone');
	await loads(ann, panel(ann).getByRole('button',
	    { name: 'Save as new' }).click());
	assert.equal(await s.stack.django(`
from press.models import Article
result = Article.objects.get(slug="not-lost").title`), 'Not lost');
});

scenario('logged out meanwhile: the text is kept and saved', async (s) => {
	const article = await s.article();
	const profile = await s.profile('erin');
	const erin = await s.tab(profile, article.path);

	await erin.mode('editor');
	await erin.type('title', 'Long work');
	const session = (await profile.cookies()).find((c) =>
	    c.name === 'sessionid').value;
	s.forget('erin');
	await s.stack.command('sql', { text:
	    'DELETE FROM django_session WHERE session_key = %s',
	    args: [session] });
	await erin.phase('signed_out');
	await stopped(erin);
	await panel(erin).getByText(t('signed_out')).waitFor();
	await picture(erin, 'merge-logged-out');
	/* In another tab, which changes the token as well. */
	const [page] = await Promise.all([erin.page.waitForEvent('popup'),
	    panel(erin).getByRole('link', { name: t('log_in') }).click()]);
	await page.locator('[name=username]').fill('erin');
	await page.locator('[name=password]').fill(s.stack.site.password);
	await Promise.all([page.waitForURL(/change/),
	    page.locator('[type=submit]').first().click()]);
	await page.close();
	await loads(erin, button(erin, 'go_on').click());
	assert.equal(await s.stored(article, 'title'), 'Long work');
	await erin.mode('editor');
});

for (const [why, answer] of [
    ['fails', (route) => route.abort()],
    ['is not the form', (route) => route.fulfill({ body: 'Sorry!' })],
    ['never comes', () => {}]])
	scenario(`what should be compared ${why}: as without`, async (s) => {
		const article = await s.article();
		const ann = await editing(s, 'ann', article);

		await ann.type('title', 'By Ann');
		await ann.page.route(`**${article.path}`, (route) =>
		    route.request().method() === 'GET' &&
		    !route.request().isNavigationRequest()
		        ? answer(route) : route.continue());
		await ann.save();
		assert.equal(await s.stored(article, 'title'), 'By Ann');
	});

scenario('the panel does not come: nothing is overwritten unasked', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');

	await ann.page.route(/\/panel\.\w+\.js$/, (route) => route.abort());
	await ann.open(article.path);
	await ann.mode('editor');
	await ann.type('title', 'By Ann');
	await update(s, article, { title: 'By SQL' });
	await ann.pressSave();
	await ann.says('save_refused');
	await ann.says('elsewhere');
	assert.equal(ann.posts.length, 0);
	await ann.press('cancel');
	await ann.says('editor_mode_text');
	await ann.pressSave();
	await loads(ann, ann.press('save_anyway'));
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	/* The browser's own words about it. */
	ann.errors.length = 0;
});

scenario('the panel is there before the server is away', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	const script = ann.page.waitForResponse(/\/panel\.\w+\.js$/);

	await ann.type('title', 'By Ann');
	await (await script).finished();
	await ann.page.route(/\/panel\.\w+\.js$/, (route) => route.abort());
	await update(s, article, { summary: 'Theirs.' });
	await stopped(ann);
	await reads(ann, 'Summary', 'Theirs.');
});

scenario('what changes by itself does not count', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);
	let n = 0;

	await ann.type('title', 'By Ann');
	await ann.page.route(`**${article.path}`, async (route) => {
		if (route.request().method() !== 'GET' ||
		    route.request().isNavigationRequest())
			return route.continue();
		const response = await route.fetch();
		const body = (await response.text()).replace('</form>',
		    `<input type="hidden" name="nonce" value="${n++}"></form>`)
		    .replace(/(name="summary"[^>]*>)[^<]*/, `$1At ${n}`);
		return route.fulfill({ response, body });
	});
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.ok(n >= 3, `${n} times`);
});

scenario('a save that did not pass validation has its base still',
    async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await ann.type('slug', 'not a slug!');
	await ann.save();
	await ann.page.locator('.errornote').waitFor();
	await ann.mode('editor');
	await update(s, article, { title: 'By SQL', summary: 'Theirs.' });
	await ann.type('slug', `a-slug-${article.id}`);
	await ann.pressSave();
	await reads(ann, 'Title', 'The last ferry', 'By Ann', 'By SQL');
	assert.equal(await rows(ann), 2);
	await choose(ann, 'Title', 'use_yours');
	await loads(ann, button(ann, 'save_merged').click());
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'Theirs.');
});

/** Ann types, loses the lock to Erin, who saves, and both are gone. */
async function draftOf(s, article, typed, saved) {
	const ann = await editing(s, 'ann', article);

	for (const [name, text] of Object.entries(typed))
		await ann.type(name, text);
	const erin = await s.tab('erin', article.path);
	await erin.mode('viewer');
	await erin.press('take_over', {}, '\u2026');
	await erin.press('take_over');
	await erin.mode('editor');
	await ann.mode('viewer');
	for (const [name, text] of Object.entries(saved))
		await erin.type(name, text);
	await erin.save();
	await erin.close();
	await loads(ann, ann.page.reload());
	await ann.mode('editor');
	return ann;
}

scenario('a draft is put back beside what was saved since', async (s) => {
	const article = await s.article();
	const ann = await draftOf(s, article, { title: 'By Ann' },
	    { summary: 'By Erin.' });

	await ann.press('restore');
	await ann.page.waitForFunction(() =>
	    document.getElementById('id_title').value === 'By Ann');
	assert.equal(await ann.field('summary').inputValue(), 'By Erin.');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'By Erin.');
});

scenario('a draft of what somebody else has changed as well', async (s) => {
	const article = await s.article();
	const ann = await draftOf(s, article,
	    { title: 'By Ann', summary: 'Hers.' }, { title: 'By Erin' });

	await ann.press('restore');
	await reads(ann, 'Title', 'The last ferry', 'By Ann', 'By Erin');
	assert.equal(await rows(ann), 1);
	assert.equal(await ann.field('summary').inputValue(),
	    'It sails once more.');
	await choose(ann, 'Title', 'use_other');
	await button(ann, 'use_merged').click();
	await panel(ann).waitFor({ state: 'hidden' });
	assert.equal(await ann.field('title').inputValue(), 'By Erin');
	assert.equal(await ann.field('summary').inputValue(), 'Hers.');
	await ann.save();
	assert.equal(await s.stored(article, 'summary'), 'Hers.');
});

scenario('a draft without its base is shown, not poured in', async (s) => {
	const article = await s.article();
	const ann = await s.tab('ann');

	await ann.open(article.path);
	const you = (await ann.frame('hello')).you.user_id;
	await ann.page.evaluate(([user, id]) => sessionStorage.setItem(
	    `collabd:draft:${user}:press.article/${id}`, JSON.stringify({
	        at: Date.now(), fields: [{ name: 'title', label: 'Title',
	            values: ['An old draft'], shown: 'An old draft' }] })),
	[you, article.id]);
	await loads(ann, ann.page.reload());
	await ann.mode('editor');
	await ann.press('restore');
	await panel(ann).getByText('An old draft').waitFor();
	assert.equal(await ann.field('title').inputValue(), 'The last ferry');
	await button(ann, 'go_back').click();
	await ann.button('copy').waitFor();
});

scenario('a page with typed text that is not the newest', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	await s.saveElsewhere(article, 'summary', 'By Carol.');
	await ann.saysNewer('Carol Nyman', 'summary');
	await ann.press('compare');
	await reads(ann, 'Summary', 'By Carol.');
	await button(ann, 'use_merged').click();
	await panel(ann).waitFor({ state: 'hidden' });
	/* It is the newest now, and was not sent. */
	await ann.says('editor_mode_text');
	assert.equal(ann.posts.length, 0);
	assert.equal(await ann.field('summary').inputValue(), 'By Carol.');
	assert.equal(await ann.field('title').inputValue(), 'By Ann');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'By Carol.');
});

scenario('who lost the lock with typed text can go on', async (s) => {
	const article = await s.article();
	const ann = await editing(s, 'ann', article);

	await ann.type('title', 'By Ann');
	const erin = await s.tab('erin', article.path);
	await erin.mode('viewer');
	await erin.press('take_over', {}, '\u2026');
	await erin.press('take_over');
	await erin.mode('editor');
	await ann.mode('viewer');
	await erin.type('summary', 'By Erin.');
	await erin.save();
	await erin.mode('editor');
	await ann.saysNewer('Erin Castro', 'Summary');
	await erin.close();
	await ann.mode('free');
	await ann.press('compare');
	await reads(ann, 'Summary', 'By Erin.');
	await button(ann, 'use_merged').click();
	await ann.mode('editor');
	await ann.save();
	assert.equal(await s.stored(article, 'title'), 'By Ann');
	assert.equal(await s.stored(article, 'summary'), 'By Erin.');
});

scenario('the second tab has an older page', async (s) => {
	const article = await s.article();
	const profile = await s.profile('ann');
	const one = await s.tab(profile, article.path);

	await one.mode('editor');
	const two = await s.tab(profile, article.path);
	await two.mode('other_tab');
	await two.press('use_here');
	await two.mode('editor');
	await two.type('title', 'From the second');
	await one.press('use_here');
	await one.mode('editor');
	await two.mode('other_tab');
	await one.type('summary', 'From the first.');
	await one.save();
	await two.saysNewer('Ann Lee', 'Summary');
	await two.press('compare');
	await reads(two, 'Summary', 'From the first.');
	await button(two, 'use_merged').click();
	await two.press('use_here');
	await two.mode('editor');
	await two.save();
	assert.equal(await s.stored(article, 'summary'), 'From the first.');
	assert.equal(await s.stored(article, 'title'), 'From the second');
});
