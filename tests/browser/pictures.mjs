/**
 * The pictures of the README, of the real thing: two windows side by side.
 *
 *     cd tests/browser/pictures
 *     node ../pictures.mjs lock.png handover.png merge.png
 *
 * COLLABD_BINARY is the daemon, BROWSER_DJANGO the Django (3.2).
 */
import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from './lib/chromium.mjs';
import { Stack } from './lib/stack.mjs';

const [LOCK, HANDOVER, MERGE] = process.argv.slice(2);
const DJANGO = process.env.BROWSER_DJANGO || '3.2';
const PAGE = '/admin/press/article/1/change/';
const SIZE = { width: 840, height: 560 };
const TALL = { width: 1240, height: 900 };
/* Of what is on the screen, so that two windows are a picture for a page. */
const SCALE = 0.6;
const STYLE = `
	body { margin: 0; padding: 24px; background: #e4e8ec; width: max-content;
	    display: flex; gap: 24px; font: 600 20px sans-serif; color: #444; }
	figure { margin: 0; border-radius: 8px; overflow: hidden;
	    background: #fff; box-shadow: 0 3px 14px #0005; }
	figcaption { padding: 8px 16px; background: #cfd6dd; }
	img { display: block; }`;

if (!MERGE) {
	console.error('usage: pictures.mjs LOCK.png HANDOVER.png MERGE.png');
	process.exit(64);
}

const stack = await Stack.start(['--django', DJANGO]);
const { url, password } = stack.site;
const browser = await chromium.launch(CHROMIUM);

async function open(name) {
	const context = await browser.newContext({ baseURL: url,
	    viewport: SIZE, reducedMotion: 'reduce' });

	await logIn(context, url, name, password);
	const page = await context.newPage();
	/* The page, without the list of models beside it. */
	await page.addInitScript(() => localStorage.setItem(
	    'django.admin.navSidebarIsOpen', 'false'));
	await page.goto(PAGE);
	return page;
}

const mode = (page, wanted) => page.waitForSelector(
    `#collabd-bar[data-mode="${wanted}"]`);
const button = (page, what) => page.locator(
    `#collabd-bar [data-do="${what}"]`);

/** Puts the windows side by side into one file. */
async function picture(path, windows) {
	const page = await browser.newPage({ deviceScaleFactor: SCALE });
	const figures = [];

	for (const [name, tab] of windows) {
		const png = await tab.screenshot();
		figures.push(`<figure><figcaption>${name}</figcaption>` +
		    `<img src="data:image/png;base64,${png.toString('base64')}">` +
		    '</figure>');
	}
	await page.setContent('<!doctype html>' +
	    `<style>${STYLE}</style>${figures.join('')}`);
	await page.locator('body').screenshot({ path });
	await page.close();
}

/** Ann saves what Carol has saved meanwhile, who is in no room. */
async function merge(page) {
	const summary = await page.inputValue('#id_summary');

	await page.setViewportSize(TALL);
	await page.fill('#id_summary', summary.replace(/\.$/, ' again.'));
	await stack.django(`
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from press.models import Article, User
import json
a = Article.objects.get(pk=1)
a.title = "Farewell to the last ferry"
a.summary = a.summary.replace("October", "November")
a.state = "review" if a.state != "review" else "published"
a.save()
LogEntry.objects.create(user=User.objects.get(username="carol"),
    content_type=ContentType.objects.get_for_model(a), object_id="1",
    object_repr=str(a), action_flag=CHANGE, change_message=json.dumps(
        [{"changed": {"fields": ["Title", "Summary", "State"]}}]))`);
	await page.locator('#collabd-bar', { hasText: 'Carol' }).waitFor();
	await page.click('input[name=_continue]');
	await page.locator('#collabd-panel [value=both]').check();
	await page.evaluate(() => document.getElementById('collabd-bar')
	    .scrollIntoView());
}

try {
	const ann = await open('ann');
	await mode(ann, 'editor');
	const bob = await open('bob');
	await mode(bob, 'viewer');
	await ann.fill('#id_title', 'The very last ferry to Marstal');
	await bob.waitForSelector('.cb-avatar[title^="Ann"] .cb-dot',
	    { state: 'attached' });
	await bob.evaluate(() => document.fonts.ready);
	await picture(LOCK, [['Ann', ann], ['Bob', bob]]);
	await button(bob, 'ask').click();
	await mode(bob, 'waiting');
	await button(ann, 'hand_over').waitFor();
	await picture(HANDOVER, [['Ann', ann], ['Bob', bob]]);
	await bob.close();
	await merge(ann);
	await picture(MERGE, [['Ann', ann]]);
} finally {
	await browser.close();
	await stack.stop();
}
