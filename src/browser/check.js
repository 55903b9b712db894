/**
 * What is saved now: the same change form, asked for in the same session.
 */
import { findForm } from './page.js';

/**
 * @typedef {{what: 'form', form: HTMLFormElement} |
 *   {what: 'login', url: string} | {what: 'gone'} |
 *   {what: 'failed', why: 'timeout'|'error'|'unreadable'}} Answer
 */

/**
 * What a page is that is not the form that was asked for.
 *
 * @param {Object} got
 * @param {number} got.status
 * @param {string} got.asked      URLs
 * @param {string} got.url        where redirects have led to
 * @param {boolean} got.password  it wants one
 * @returns {Answer}
 */
export function classify({ status, asked, url, password }) {
  const { pathname, search } = new URL(url);
  const from = new URL(asked).pathname;
  if (status === 404 || status === 410) return { what: 'gone' };
  if (status === 401) return { what: 'login', url };
  if (pathname !== from && status < 400) {
    if (password || new URLSearchParams(search).has('next') ||
      /\/login\//.test(pathname)) return { what: 'login', url };
    // The list, the index: what stands above it.
    if (from.startsWith(pathname)) return { what: 'gone' };
  } else if (password && status < 400) {
    return { what: 'login', url };
  }
  return { what: 'failed', why: 'unreadable' };
}

/**
 * @param {string} url
 * @param {string} id   of the form
 * @param {number} ms   for all of it
 * @returns {Promise<Answer>}
 */
export async function fetchForm(url, id, ms) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ms);
  try {
    const answer = await fetch(url, { credentials: 'same-origin',
      cache: 'no-store', headers: { Accept: 'text/html' },
      signal: stop.signal });
    const doc = new DOMParser().parseFromString(await answer.text(),
      'text/html');
    const form = findForm(doc);
    if (answer.ok && form?.id === id && new URL(answer.url).pathname ===
      new URL(url).pathname) return { what: 'form', form };
    return classify({ status: answer.status, asked: url, url: answer.url,
      password: !!doc.querySelector('[type=password]') });
  } catch {
    return { what: 'failed', why: stop.signal.aborted ? 'timeout' : 'error' };
  } finally {
    clearTimeout(timer);
  }
}
