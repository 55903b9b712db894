/**
 * The client's own English, so that a scenario names a button by its key and
 * does not break when a sentence is put better.
 */
import { readFileSync } from 'node:fs';

const words = JSON.parse(readFileSync(
    new URL('../../../src/browser/lang/en.json', import.meta.url), 'utf8'));
const plural = new Intl.PluralRules('en');

/** The text with its parameters; of a plural the form for n. */
export function t(key, params = {}) {
	let text = words[key];

	if (text === undefined)
		throw new Error(`en.json has no ${key}`);
	if (typeof text === 'object')
		text = text[plural.select(Number(params.n ?? 1))] ?? text.other;
	return text.replace(/\{(\w+)\}/g, (all, name) =>
	    name in params ? String(params[name]) : all);
}
