/**
 * Forms as the browser has them, read by content: which fields there are, and
 * what they hold. No site is asked; only the browser knows what a form is.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { scenario } from './lib/scene.mjs';

/** The module as a script, which leaves itself in `readings`. */
const script = () => execFileSync('esbuild', [
    fileURLToPath(new URL('../../src/browser/formvalues.js',
        import.meta.url)),
    '--bundle', '--format=iife', '--global-name=readings',
    '--log-level=warning'], { encoding: 'utf8' });

const management = (set, total, initial) =>
    `<input type=hidden name=${set}-TOTAL_FORMS value=${total}>
     <input type=hidden name=${set}-INITIAL_FORMS value=${initial}>`;
const hidden = (name, value) =>
    `<input type=hidden name="${name}" value="${value}">`;
const text = (name, value) => `<input name="${name}" value="${value}">`;

/* The form's inside, what is read of it, as key: values; and inline rows. */
const TABLE = [
	['texts', `${text('a', 'x')}<textarea name=b>
one\r\ntwo</textarea><input type=email name=c value="d@e">`,
	    { a: [['x']], b: [['one\ntwo']], c: [['d@e']] }],
	['nothing that is not submitted', `<input type=submit name=_save value=S>
	    <button name=_more value=1>M</button><input type=reset name=r>
	    <input type=image name=i><input type=password name=p value=x>
	    <input name=gone value=1 disabled><fieldset disabled>
	    <input name=also value=2></fieldset><input value=3><fieldset
	    name=box></fieldset><output name=out>4</output>`, {}],
	['token, management and hidden initial values',
	    hidden('csrfmiddlewaretoken', 'x') + management('s', 0, 0) +
	    hidden('initial-a', '1') + text('a', 2), { a: [['2']] }],
	['choices', `<select name=one><option value=1>A<option value=2 selected>B
	    </select><select name=first><option value="">-<option value=2>B
	    </select><select name=two multiple><option value=3 selected>C
	    <option value=1 selected>A<option value=2>B</select>
	    <input type=checkbox name=c checked><input type=checkbox name=d>
	    <input type=radio name=r value=1><input type=radio name=r value=2
	    checked><input type=checkbox name=m value=b checked>
	    <input type=checkbox name=m value=a checked>
	    <input type=checkbox name=m value=c>`,
	    { one: [['2']], first: [['']], two: [['1', '3']], c: [['on']],
	        d: [[]], r: [['2']], m: [['a', 'b']] }],
	['dates in parts', `${text('at_0', '2026-01-02')}${text('at_1', '03:04')}
	    <select name=on_month><option value=5 selected>May</select>
	    <select name=on_day><option value=6 selected>6</select>
	    <select name=on_year><option value=2026 selected>2026</select>
	    ${text('line_1', 'no')}${text('line_2', 'parts')}`,
	    { at: [['2026-01-02'], ['03:04']], on: [['2026'], ['5'], ['6']],
	        line_1: [['no']], line_2: [['parts']] }],
	['files by name', `<p class=file-upload>Currently: <a href=/m/a.pdf?s=1>
	    a.pdf</a> <input type=checkbox name=f-clear> Change:
	    <input type=file name=f></p><p><input type=file name=g></p>`,
	    { f: [['a.pdf'], []], g: [[]] }],
	['several of one name', text('a', 2) + text('a', 1), { a: [['2', '1']] }],
	['inline rows', management('c', 3, 2) + hidden('c-0-id', 7) +
	    hidden('c-0-article', 5) + text('c-0-x', 'a') +
	    '<input type=checkbox name=c-0-DELETE>' + hidden('c-1-id', 3) +
	    hidden('c-1-article', 5) + text('c-1-x', 'b') + hidden('c-2-id', '') +
	    hidden('c-2-article', 5) + text('c-2-x', '') +
	    hidden('c-__prefix__-id', '') + text('c-__prefix__-x', ''),
	    { 'c/7/article': [['5']], 'c/7/x': [['a']], 'c/7/DELETE': [[]],
	        'c/3/article': [['5']], 'c/3/x': [['b']],
	        'c/+0/article': [['5']], 'c/+0/x': [['']] }, ['c/7', 'c/3']],
	['a key of another name', management('c', 1, 1) + hidden('c-0-shelf', 5) +
	    hidden('c-0-code', 'K 1') + text('c-0-x', 'a') +
	    hidden('c-__prefix__-shelf', 5) + hidden('c-__prefix__-code', ''),
	    { 'c/K 1/shelf': [['5']], 'c/K 1/x': [['a']] }, ['c/K 1']],
	['no key at all', management('c', 1, 1) + text('c-0-x', 'a'),
	    { 'c/#0/x': [['a']] }, ['c/#0']],
	['two sets, one name within the other', management('c', 1, 1) +
	    management('c-2', 1, 1) + hidden('c-0-id', 1) + text('c-0-x', 'a') +
	    hidden('c-2-0-id', 1) + text('c-2-0-x', 'b'),
	    { 'c/1/x': [['a']], 'c-2/1/x': [['b']] }, ['c/1', 'c-2/1']],
	['nested', management('c', 2, 2) + hidden('c-0-id', 8) +
	    text('c-0-x', 'a') + management('c-0-d', 1, 1) +
	    hidden('c-0-d-0-id', 4) + text('c-0-d-0-y', 'b') +
	    hidden('c-1-id', 9) + management('c-1-d', 1, 0) +
	    hidden('c-1-d-0-id', '') + text('c-1-d-0-y', 'c'),
	    { 'c/8/x': [['a']], 'c/8/d/4/y': [['b']], 'c/9/d/+0/y': [['c']] },
	    ['c/8', 'c/8/d/4', 'c/9']],
	['prefixed', text('pre-a', 1) + text('pre-b-0', 2),
	    { 'pre-a': [['1']], 'pre-b-0': [['2']] }],
	['names that need care', text('a:b', 1) + text('__proto__', 2) +
	    text('x.y[z]', 3), { 'a:b': [['1']], ['__proto__']: [['2']],
	    'x.y[z]': [['3']] }],
];

scenario('forms are read by content', async (s) => {
	const page = await (await s.profile('ann')).newPage();

	for (const [what, inside, cells, rows = []] of TABLE) {
		await page.setContent(`<!doctype html><form id=f>${inside}</form>`);
		await page.addScriptTag({ content: script() });
		const got = await page.evaluate(() => {
			const { current, loaded, readForm } = window.readings;
			const form = document.getElementById('f');
			const fetched = new DOMParser().parseFromString(
			    document.documentElement.outerHTML, 'text/html')
			    .getElementById('f');
			return [[form, loaded], [form, current(new Map())],
			    [fetched, loaded]].map(([from, read]) => {
				const r = readForm(from, read);

				return [[...r.cells].map(([k, c]) => [k, c.values]),
				    [...r.rows.keys()]];
			});
		});
		/* As it was loaded, as it is now, and in no window. */
		for (const [n, [fields, keys]] of got.entries()) {
			assert.deepEqual(fields.sort(), Object.entries(cells).sort(),
			    `${what}, ${n}`);
			assert.deepEqual(keys.sort(), rows.sort(), `${what}, ${n}`);
		}
	}
});

scenario('what is typed is in the one reading and not in the other',
    async (s) => {
	const page = await (await s.profile('ann')).newPage();

	await page.setContent(`<!doctype html><form id=f>${text('a', 'x')}
	    <textarea name=b>y</textarea><input type=checkbox name=c>
	    <select name=d><option value=1>A<option value=2>B</select>
	    <input type=file name=f></form>`);
	await page.addScriptTag({ content: script() });
	await page.locator('[name=a]').fill('typed');
	await page.locator('[name=b]').fill('typed\ntoo');
	await page.locator('[name=c]').check();
	await page.locator('[name=d]').selectOption('2');
	await page.locator('[name=f]').setInputFiles({ name: 'new.txt',
	    mimeType: 'text/plain', buffer: Buffer.from('x') });
	const got = await page.evaluate(() => {
		const { current, loaded, readForm } = window.readings;
		const form = document.getElementById('f');

		return [loaded, current(new Map([['b', 'rich']]))].map((read) =>
		    Object.fromEntries([...readForm(form, read).cells]
		        .map(([k, c]) => [k, c.values])));
	});
	assert.deepEqual(got[0],
	    { a: [['x']], b: [['y']], c: [[]], d: [['1']], f: [[]] });
	assert.deepEqual(got[1], { a: [['typed']], b: [['rich']], c: [['on']],
	    d: [['2']], f: [['new.txt']] });
});
