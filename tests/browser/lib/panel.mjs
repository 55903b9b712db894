/**
 * The panel under the bar, in the words of the scenarios: what differs between
 * the page and what is saved, and what is chosen.
 */
import assert from 'node:assert/strict';

import { t } from './words.mjs';

export const panel = (tab) => tab.page.locator('#collabd-panel');

/** The part of the panel for one field. */
export const row = (tab, label) => panel(tab).getByRole('group',
    { name: label });

/** Until the row of a field has these texts. */
export async function reads(tab, label, ...texts) {
	for (const text of texts)
		await row(tab, label).filter({ hasText: text }).waitFor()
		    .catch(async () => assert.fail(`${label} does not say ` +
		        `"${text}" but ${await panel(tab).innerText()}`));
}

/** How many rows there are. */
export const rows = (tab) => panel(tab).locator('fieldset').count();

/** A button of the panel. */
export const button = (tab, key, params) => panel(tab).getByRole('button',
    { name: t(key, params), exact: true });

/** Chooses in the row of a conflict. */
export async function choose(tab, label, key, params) {
	await row(tab, label).getByLabel(t(key, params), { exact: true }).check();
}

/** Presses Save, which is stopped. */
export async function stopped(tab, name) {
	await tab.pressSave(name);
	await panel(tab).waitFor().catch(async () => assert.fail(
	    `no panel in ${tab.user}'s tab: ${await tab.bar.innerText({
	        timeout: 1000 }).catch(() => 'no bar')}`));
	assert.equal(tab.posts.length, 0);
}

/** Until a new page is there that this leads to. */
export async function loads(tab, what) {
	await Promise.all([tab.page.waitForEvent('load'), what]);
}

/** A change that no log tells of. */
export function update(s, article, fields) {
	return s.stack.django(`
from press.models import Article
Article.objects.filter(pk=${article.id}).update(**${
    JSON.stringify(fields).replace(/\btrue\b/g, 'True')
        .replace(/\bfalse\b/g, 'False')})`);
}
