/**
 * What the browser client costs a page, in Debian's Chromium on loopback:
 *
 *     node tests/browser/bench.mjs [loads]
 *
 * first state   from DOMContentLoaded to the first state in the bar, median
 * moved         by how much the form moved once the bar was there, the worst
 * keystroke     what the client does for one input event, mean of many
 *
 * Prints a table and, as the last line, JSON. COLLABD_BINARY is the daemon.
 */
import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from './lib/chromium.mjs';
import { Stack } from './lib/stack.mjs';

const LOADS = Number(process.argv[2] || 20);
const KEYS = 5000;
const PAGE = '/admin/press/article/1/change/';

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** In the page: resolves once the first state has been shown. */
function firstState() {
	const mark = 'collabd:first-state';
	const value = () => performance.getEntriesByName(mark)[0].startTime -
	    performance.getEntriesByType('navigation')[0]
	        .domContentLoadedEventEnd;

	return new Promise((resolve) => {
		if (performance.getEntriesByName(mark).length > 0)
			resolve(value());
		else
			new PerformanceObserver((list) => {
				if (list.getEntriesByName(mark).length > 0)
					resolve(value());
			}).observe({ type: 'mark' });
	});
}

/** In the page, before it loads: where the form is once the bar is there. */
function watchForm() {
	const top = () => document.querySelector('form[id$="_form"]')
	    .getBoundingClientRect().top + scrollY;

	new MutationObserver((_, observer) => {
		if (document.getElementById('collabd-bar')) {
			observer.disconnect();
			const at = top();

			window.moved = () => Math.abs(top() - at);
		}
	}).observe(document, { childList: true, subtree: true });
}

/** In the page: microseconds of one input event in the title. */
function keystroke(n) {
	const field = document.getElementById('id_title');
	const began = performance.now();

	for (let i = 0; i < n; i++)
		field.dispatchEvent(new InputEvent('input', {
			bubbles: true, inputType: 'insertText', data: 'a',
		}));
	return (performance.now() - began) * 1000 / n;
}

async function measure(context, name) {
	const first = [], moved = [];
	let key;

	for (let i = 0; i < LOADS; i++) {
		const page = await context.newPage();

		await page.addInitScript(watchForm);
		await page.goto(PAGE);
		first.push(await page.evaluate(firstState));
		await page.waitForLoadState('networkidle');
		moved.push(await page.evaluate(() => window.moved()));
		key = await page.evaluate(keystroke, KEYS);
		await page.close();
	}
	return { who: name, first_state_ms: median(first),
	    moved_px: Math.max(...moved), keystroke_us: key };
}

const stack = await Stack.start(['--redis']);
const browser = await chromium.launch(CHROMIUM);
const rows = [];

try {
	const enter = async (name) => {
		const context = await browser.newContext(
		    { baseURL: stack.site.url });

		await logIn(context, stack.site.url, name,
		    stack.site.password);
		return context;
	};
	const ann = await enter('ann');

	rows.push(await measure(ann, 'editor'));
	/* From here on she is there and edits. */
	const hers = await ann.newPage();

	await hers.goto(PAGE);
	await hers.evaluate(firstState);
	rows.push(await measure(await enter('bob'), 'viewer'));
} finally {
	await browser.close();
	await stack.stop();
}
console.log(`client in Chromium, ${LOADS} loads    first state         moved` +
    '   keystroke');
for (const row of rows)
	console.log(`  ${row.who.padEnd(32)}` +
	    `${row.first_state_ms.toFixed(0).padStart(8)} ms` +
	    `${row.moved_px.toFixed(0).padStart(11)} px` +
	    `${row.keystroke_us.toFixed(1).padStart(9)} us`);
console.log(JSON.stringify({ client: rows }));
