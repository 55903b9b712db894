/**
 * Debian's Chromium as the scenarios and the bench start it, and how a user
 * logs in. $BROWSER is another build of it, such as chromium-headless-shell,
 * which has no windows to draw and takes half the time.
 */
import assert from 'node:assert/strict';

export const CHROMIUM = {
	executablePath: process.env.BROWSER || '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
	    '--no-first-run', '--disable-background-networking',
	    '--disable-component-update', '--disable-sync'],
};

/** Logs a context in at the site. */
export async function logIn(context, url, name, password) {
	const page = `${url}/admin/login/`;

	await context.request.get(page);
	const { cookies } = await context.storageState();
	const answer = await context.request.post(page, {
		form: { username: name, password, next: '/admin/',
		    csrfmiddlewaretoken: cookies.find((c) =>
		        c.name === 'csrftoken').value },
		headers: { Referer: page },
	});
	assert.match(answer.url(), /\/admin\/$/, `${name} cannot log in`);
}
