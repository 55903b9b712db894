/**
 * What the scenarios are made of: one stack and one Chromium for a process,
 * and for each scenario tabs of users, which end with it. Nothing is waited
 * for by time; what does not come within PATIENCE fails the scenario, which
 * leaves pictures of its tabs and the end of collabd's log behind.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { CHROMIUM, logIn } from './chromium.mjs';
import { Stack } from './stack.mjs';
import { Tab } from './tab.mjs';

export const DJANGO = process.env.BROWSER_DJANGO || '3.2';
export const PATIENCE =
    1000 * Number(process.env.COLLABD_PATIENCE || '20');
const OUT = `${process.env.BROWSER_OUT ||
    fileURLToPath(new URL('../../../build', import.meta.url))}` +
    `/screenshots/${DJANGO}`;

/* Most of a scenario is waiting; more at a time than this is slower again. */
const AT_A_TIME = 4;

/* In milliseconds; less is not allowed. */
export const COUNTDOWN = 20000;

/* Short where a scenario has to wait for it. */
const SETTINGS = {
	handover_countdown: COUNTDOWN / 1000, offer_time: 20,
	reclaim_grace: 8, save_poll_interval: 0.5, drain_time: 0.2,
	reauth_interval: 1, notification_request_interval: 1,
};

let stack, browser;

/** The stack of this process. */
export function theStack() {
	stack ??= Stack.start(['--django', DJANGO, '--redis', '--relay',
	    ...Object.entries(SETTINGS).flatMap(([name, value]) =>
	        ['--set', `${name}=${value}`])]);
	return stack;
}

function theBrowser() {
	browser ??= chromium.launch(CHROMIUM);
	return browser;
}

after(async () => {
	if (browser)
		await (await browser).close();
	if (stack)
		assert.equal(await (await stack).stop(), 0);
});

/** Cookies of users who have logged in already. */
const logins = new Map();

class Scene {
	constructor(name, world) {
		this.name = name;
		this.stack = world;
		this.url = world.site.url;
		this.tabs = [];
		this.ends = [];
	}

	/** What ends with the scenario. */
	later(end) {
		this.ends.push(end);
	}

	/**
	 * A browser profile of this user, logged in. options are Playwright's
	 * for a context; `browser` may be one of the scenario's own.
	 */
	async profile(name, options = {}) {
		const { browser: own, ...rest } = options;
		const state = logins.get(name);
		const context = await (own || await theBrowser()).newContext({
			baseURL: this.url, reducedMotion: 'reduce',
			...rest, ...state && { storageState: state },
		});

		this.later(() => context.close());
		context.setDefaultTimeout(PATIENCE);
		if (!state) {
			await logIn(context, this.url, name,
			    this.stack.site.password);
			logins.set(name, await context.storageState());
		}
		context.user = name;
		return context;
	}

	/** A tab of this user (or in this profile) that shows the path. */
	async tab(who, path, options) {
		const profile = typeof who === 'string' ?
		    await this.profile(who, options) : who;
		const tab = await Tab.make(await profile.newPage(),
		    profile.user);

		this.tabs.push(tab);
		if (path)
			await tab.open(path);
		return tab;
	}

	/** A window that a page of this user has opened. */
	async adopt(page, name) {
		const tab = new Tab(page, name);

		this.tabs.push(tab);
		await page.waitForLoadState('load');
		return tab;
	}

	/** This user's cookies are good for nothing any more. */
	forget(name) {
		logins.delete(name);
	}

	/** A Chromium of its own, which can be killed. */
	async ownBrowser() {
		const server = await chromium.launchServer(CHROMIUM);
		const own = await chromium.connect(server.wsEndpoint());

		this.later(async () => {
			await own.close().catch(() => {});
			await server.kill();
		});
		return { browser: own, kill: () => server.kill() };
	}

	/** A fresh article; its change page. */
	async article(title = 'The last ferry') {
		const id = await this.stack.django(`
from press.models import Article, Author, Tag
a = Article.objects.create(title=${JSON.stringify(title)}, slug="x",
    author=Author.objects.get(name="Jonas Feld"), body="<p>One.</p>",
    summary="It sails once more.")
a.slug = "article-%d" % a.pk
a.save()
a.tags.add(Tag.objects.get(name="Sea"))
a.comment_set.create(name="Lene", text="Every week.")
result = a.pk`);

		return { id, path: `/admin/press/article/${id}/change/`,
		    room: `press/article/${id}` };
	}

	/** A save made by somebody who is in no room. */
	async saveElsewhere(article, field, value, user = 'carol') {
		await this.stack.django(`
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from press.models import Article, User
import json
a = Article.objects.get(pk=${article.id})
a.${field} = ${JSON.stringify(value)}
a.save()
LogEntry.objects.create(user=User.objects.get(username=${JSON.stringify(user)}),
    content_type=ContentType.objects.get_for_model(a), object_id=str(a.pk),
    object_repr=str(a), action_flag=CHANGE,
    change_message=json.dumps([{"changed": {"fields": ["${field}"]}}]))`);
	}

	/** What an article's field holds now. */
	stored(article, field) {
		return this.stack.django(
		    'from press.models import Article\n' +
		    `result = Article.objects.get(pk=${article.id}).${field}`);
	}

	async failed() {
		const base = `${OUT}/failed-${this.name.replace(/\W+/g, '-')}`;

		for (const [n, tab] of this.tabs.entries()) {
			await tab.page.screenshot({ path:
			    `${base}-${n}-${tab.user}.png`, timeout: 5000 })
			    .catch(() => {});
			writeFileSync(`${base}-${n}-${tab.user}.txt`,
			    tab.record());
		}
		writeFileSync(`${base}.log`, await this.stack.command('log')
		    .catch((e) => String(e)));
	}

	async end() {
		for (const end of this.ends.reverse())
			await end();
	}
}

async function play(name, fn, signal) {
	const scene = new Scene(name, await theStack());
	let over = false;

	/* Out of time, somewhere; later on the signal says nothing. */
	signal.addEventListener('abort', () => over || scene.failed());
	try {
		await fn(scene);
		for (const tab of scene.tabs)
			assert.deepEqual(tab.errors, [],
			    `script errors in ${tab.user}'s tab`);
	} catch (e) {
		await scene.failed();
		throw e;
	} finally {
		await scene.end();
		over = true;
	}
}

const together = [], alone = [];

/* When all files of the process have named their scenarios. */
function begin() {
	/* What hangs in a way that has no patience of its own. */
	const timeout = 6 * PATIENCE;

	mkdirSync(OUT, { recursive: true });
	describe(`Django ${DJANGO}`, { concurrency: AT_A_TIME }, () => {
		for (const [name, fn] of together)
			test(name, { timeout }, (t) =>
			    play(name, fn, t.signal));
	});
	describe(`Django ${DJANGO}, one at a time`, () => {
		for (const [name, fn] of alone)
			test(name, { timeout }, (t) =>
			    play(name, fn, t.signal));
	});
}

function add(list, name, fn) {
	if (together.length + alone.length === 0)
		setImmediate(begin);
	list.push([name, fn]);
}

/**
 * A scenario: fn(scene) with tabs of real users. A script error in any of the
 * tabs fails it too. Several run at a time, each on an article of its own.
 */
export function scenario(name, fn) {
	add(together, name, fn);
}

/** One that does something to the whole stack, or to the one clipboard. */
export function scenarioAlone(name, fn) {
	add(alone, name, fn);
}

/** A picture for people to look at. */
export async function picture(tab, name) {
	await tab.page.screenshot({ path: `${OUT}/${name}.png` });
}
