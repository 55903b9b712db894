/**
 * The pictures of the README, of the real thing: two windows side by side.
 *
 *     cd tests/browser/pictures
 *     node ../pictures.mjs lock.png handover.png
 *
 * COLLABD_BINARY is the daemon, BROWSER_DJANGO the Django (3.2).
 */
import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from './lib/chromium.mjs';
import { Stack } from './lib/stack.mjs';

const [LOCK, HANDOVER] = process.argv.slice(2);
const DJANGO = process.env.BROWSER_DJANGO || '3.2';
const PAGE = '/admin/press/article/1/change/';
const SIZE = { width: 840, height: 560 };
/* Of what is on the screen, so that two windows are a picture for a page. */
const SCALE = 0.6;
const STYLE = `
	body { margin: 0; padding: 24px; background: #e4e8ec; width: max-content;
	    display: flex; gap: 24px; font: 600 20px sans-serif; color: #444; }
	figure { margin: 0; border-radius: 8px; overflow: hidden;
	    background: #fff; box-shadow: 0 3px 14px #0005; }
	figcaption { padding: 8px 16px; background: #cfd6dd; }
	img { display: block; }`;

if (!HANDOVER) {
	console.error('usage: pictures.mjs LOCK.png HANDOVER.png');
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
} finally {
	await browser.close();
	await stack.stop();
}
