/**
 * One tab with collabd's client in it, in the words of the scenarios.
 */
import assert from 'node:assert/strict';

import { PATIENCE } from './scene.mjs';
import { t } from './words.mjs';

/* Keeps what the live regions said, and what the page's policy refused. */
function watch() {
	window.collabdSaid = [];
	window.collabdRefused = [];
	document.addEventListener('securitypolicyviolation', (e) =>
	    window.collabdRefused.push(
	        `${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
	new MutationObserver(() => {
		for (const id of ['collabd-status', 'collabd-alert']) {
			const text = document.getElementById(id)?.textContent;
			if (text && window.collabdSaid.at(-1) !== text)
				window.collabdSaid.push(text);
		}
	}).observe(document, { childList: true, subtree: true,
	    characterData: true });
}

export class Tab {
	/**
	 * @param {import('playwright-core').Page} page
	 * @param {string} user
	 */
	static async make(page, user) {
		await page.addInitScript(watch);
		return new Tab(page, user);
	}

	constructor(page, user) {
		this.page = page;
		this.user = user;
		this.errors = [];
		this.frames = [];
		this.posts = [];
		this.listeners = new Set();
		this.bar = page.locator('#collabd-bar');
		this.list = this.bar.getByRole('group',
		    { name: t('who'), exact: true });
		page.on('pageerror', (e) => this.errors.push(String(e)));
		page.on('console', (message) => {
			/* What Django itself does not like is its own matter. */
			if (message.type() === 'error' && /collabd|Content.Security/
			    .test(message.text() + message.location().url))
				this.errors.push(message.text());
		});
		page.on('request', (request) => {
			if (request.method() === 'POST')
				this.posts.push(request);
		});
		page.on('websocket', (ws) => {
			ws.on('framereceived', (f) => this.#frame('<', f.payload));
			ws.on('framesent', (f) => this.#frame('>', f.payload));
		});
		/* beforeunload asks; the person says yes. */
		page.on('dialog', (dialog) => dialog.accept());
	}

	#frame(way, payload) {
		let frame;

		try {
			frame = { way, ...JSON.parse(payload) };
		} catch {
			return;
		}
		this.frames.push(frame);
		for (const listener of [...this.listeners])
			listener(frame);
	}

	/** What was seen, for whoever looks into a failure. */
	record() {
		return [...this.errors, ...this.frames.map((f) =>
		    JSON.stringify(f))].join('\n');
	}

	/** Frames of this type that came so far. */
	got(type) {
		return this.frames.filter((f) => f.way === '<' &&
		    f.type === type);
	}

	/** The first frame from the `since`-th on that fits. */
	frame(type, fits = () => true, since = 0, patience = PATIENCE) {
		const is = (f) => f.way === '<' && f.type === type && fits(f);
		const there = this.frames.slice(since).find(is);

		if (there)
			return Promise.resolve(there);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.listeners.delete(listener);
				reject(new Error(`${this.user} got no ${type}`));
			}, patience);
			const listener = (f) => {
				if (!is(f))
					return;
				clearTimeout(timer);
				this.listeners.delete(listener);
				resolve(f);
			};
			this.listeners.add(listener);
		});
	}

	async open(path) {
		await this.page.goto(path, { waitUntil: 'load' });
	}

	/** Until the bar says so: editor, viewer, free, waiting ... */
	async mode(...modes) {
		await this.is('mode', ...modes);
	}

	async phase(...phases) {
		await this.is('phase', ...phases);
	}

	async is(what, ...values) {
		await this.page.locator(values.map((v) =>
		    `#collabd-bar[data-${what}="${v}"]`).join(','))
		    .waitFor({ state: 'attached' })
		    .catch(async () => assert.fail(
		        `${this.user}'s bar is not ${values.join(' or ')} but ` +
		        JSON.stringify(await this.bar.evaluate((b) =>
		            [{ ...b.dataset }, b.innerText], undefined,
		            { timeout: 1000 })
		            .catch(() => 'missing'))));
	}

	/** Until the bar has this text (a key and its parameters). */
	async says(key, params) {
		await this.has(t(key, params));
	}

	/** Until the bar tells of a save that this page does not show. */
	async saysNewer(name, ...fields) {
		await this.says('newer', { name });
		for (const field of fields)
			await this.has(field);
	}

	async has(text) {
		await this.bar.filter({ hasText: text }).waitFor()
		    .catch(async () => assert.fail(
		        `${this.user}'s bar does not say "${text}" but ` +
		        await this.bar.innerText({ timeout: 1000 })
		            .catch(() => 'nothing')));
	}

	/** A button of the bar, by the key of its text and what follows it. */
	button(key, params, rest = '') {
		return this.bar.getByRole('button',
		    { name: t(key, params) + rest, exact: true });
	}

	async press(key, params, rest) {
		await this.button(key, params, rest).click();
	}

	/** Until so many people are here. */
	async here(n) {
		await this.who(n).waitFor().catch(async () => assert.fail(
		    `${this.user} does not see ${n} people but: ` +
		    await this.bar.getByRole('button').allInnerTexts()
		        .catch(() => 'nothing')));
	}

	who(n) {
		return this.bar.getByRole('button',
		    { name: `${t('who')} (${n})`, exact: true });
	}

	/** The list of who is here, opened. */
	async people(n) {
		await this.who(n).click();
		await this.list.waitFor();
		return this.list;
	}

	/** Until this person is shown to do this (a key: s_idle ...). */
	async shows(name, doing) {
		const label = `${name}, ${t(doing)}`;

		await this.bar.getByRole('button', { name: label, exact: true })
		    .waitFor().catch(async () => assert.fail(
		        `${this.user} does not see "${label}" but: ` +
		        await this.bar.getByRole('listitem').getByRole('button')
		            .evaluateAll((all) => all.map((b) => b.title))
		            .catch(() => 'nothing')));
	}

	/** All that the live regions said since the page was loaded. */
	said() {
		return this.page.evaluate(() => window.collabdSaid);
	}

	/** Until the live regions have said this. */
	async heard(text) {
		await this.page.waitForFunction((wanted) => window.collabdSaid
		    .some((said) => said.includes(wanted)), text)
		    .catch(async () => assert.fail(`${this.user} did not hear ` +
		        `"${text}" but ${JSON.stringify(await this.said())}`));
	}

	/** A mark that a reload would take away. */
	async mark() {
		await this.page.evaluate(() => { window.collabdMark = true; });
	}

	async isMarked() {
		return this.page.evaluate(() => window.collabdMark === true);
	}

	/** A field of the admin's form, by its name. */
	field(name) {
		return this.page.locator(`[name="${name}"]`);
	}

	async type(name, text) {
		await this.field(name).click();
		await this.field(name).fill(text);
	}

	/** Presses one of the form's buttons, and waits for its page. */
	async save(name = '_continue') {
		await Promise.all([
			this.page.waitForEvent('load'),
			this.pressSave(name),
		]);
	}

	/** Presses one of the form's buttons, also where it is refused. */
	async pressSave(name = '_continue') {
		await this.page.locator(`input[name="${name}"]`).first()
		    .click({ noWaitAfter: true, force: true });
	}

	/**
	 * The page becomes hidden (or visible again), as when the person goes
	 * to another tab; a headless browser shows all of them.
	 */
	async hide(hidden = true) {
		await this.page.evaluate((state) => {
			Object.defineProperty(document, 'visibilityState',
			    { configurable: true, get: () => state });
			Object.defineProperty(document, 'hidden',
			    { configurable: true, get: () => state === 'hidden' });
			document.dispatchEvent(new Event('visibilitychange',
			    { bubbles: true }));
		}, hidden ? 'hidden' : 'visible');
	}

	/** Closes the tab as a person does: the page is told. */
	async close() {
		await this.page.close({ runBeforeUnload: true });
		if (!this.page.isClosed())
			await this.page.waitForEvent('close');
	}
}
