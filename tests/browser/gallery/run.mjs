// Shows every state of the UI on pages with the admin's own CSS, takes
// pictures, and checks each: axe-core without serious findings, no layout
// shift, no violation of a strict CSP, no error.
//
//     node run.mjs FOLDER [part of a picture's name]
//
// FOLDER gets the pictures. The admin's static files are Debian's
// python3-django; another Django is named by DJANGO_STATIC.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { html, SKINS } from './page.mjs';
import { views } from './views.mjs';

const out = process.argv[2];
const only = process.argv[3] || '';
const here = new URL('.', import.meta.url).pathname;
const source = join(here, '../../../src/browser');
const statics =
  process.env.DJANGO_STATIC ||
  '/usr/lib/python3/dist-packages/django/contrib/admin/static';
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; " +
  "connect-src 'self'";
const TYPES = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
};
const FACE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26">
<rect width="26" height="26" fill="#c9b8a0"/><circle cx="13" cy="10" r="5"
 fill="#5b4636"/><path d="M3 26c0-8 4-10 10-10s10 2 10 10z" fill="#5b4636"/></svg>`;

const LANGUAGES = ['de', 'fr', 'es', 'pt', 'tr', 'ja', 'ar'].filter((code) =>
  existsSync(join(source, 'lang', code + '.json')),
);

/** @param {string} entry @param {string[]} options */
const build = (entry, ...options) =>
  execFileSync('esbuild', [
    entry,
    '--bundle',
    '--target=es2020,safari14',
    '--log-level=warning',
    ...options,
  ]);

/** As the build does: the texts only, in the order of the names. */
const words = (code) =>
  JSON.stringify(
    Object.values(
      JSON.parse(readFileSync(join(source, 'lang', code + '.json'), 'utf8')),
    ),
  );

const urls = Object.fromEntries(LANGUAGES.map((c) => [c, `lang.${c}.json`]));
const files = {
  '/gallery.js': build(
    join(here, 'gallery.mjs'),
    '--format=iife',
    '--define:__CSS_URL__="client.css"',
    '--define:__PANEL_URL__="panel.js"',
    `--define:__LANG_URLS__=${JSON.stringify(urls)}`,
  ),
  '/c/client.css': build(join(source, 'client.css')),
  '/face.svg': FACE,
  '/favicon.ico': '',
  ...SKINS,
};

const server = createServer((request, response) => {
  const url = new URL(request.url || '/', 'http://x');
  const path = normalize(url.pathname);
  const language = /^\/c\/lang\.(\w+)\.json$/.exec(path);
  const type = TYPES[extname(path)] || 'text/html; charset=utf-8';
  const q = (name, other) => url.searchParams.get(name) || other;
  let body = files[path];

  if (
    path === '/admin/shop/article/' ||
    path === '/admin/shop/article/1/change/'
  )
    body = html({
      skin: q('skin', 'plain'),
      theme: q('theme', 'light'),
      dir: q('dir', 'ltr'),
      lang: q('lang', 'en'),
      list: path.endsWith('article/'),
    });
  else if (path.startsWith('/static/') && existsSync(statics + path.slice(7)))
    body = readFileSync(statics + path.slice(7));
  else if (language)
    body = words(language[1]);
  response.writeHead(body === undefined ? 404 : 200, {
    'Content-Type': type,
    'Content-Security-Policy': CSP,
  });
  response.end(body);
});

/* What happens while somebody looks on; on a telephone it takes a line more. */
const GROWS = ['ousted', 'newer'];

/** @type {Record<string, (page: any) => Promise<void>>} */
const STEPS = {
  who: async (page) => {
    await page.getByRole('button', { name: /^Who is here \(/ }).click();
  },
  reason: async (page) => {
    await page.locator('[data-do=take_over]').click();
  },
  chat: async (page) => {
    await page.evaluate("chatFrame(1, 2, 'Are you done with the price?')");
    await page.evaluate("chatFrame('c0ffee', 2, 'Good morning')");
    await page.locator('.cb-launch').click();
    await page
      .locator('#collabd-chat textarea')
      .last()
      .fill('In a minute.\nThe tax is missing');
    await page.keyboard.press('Enter');
    await page.evaluate("chatFrame(2, 1, 'In a minute.\\nThe tax is missing')");
    await page.evaluate("chatFrame('c0ffee', 2, 'Are you there?')");
  },
  gone: async (page) => {
    await STEPS.chat(page);
    await page.evaluate(
      'ui.render({...view, people: view.people.slice(0, 1)})',
    );
  },
  ...Object.fromEntries(
    ['merge', 'login', 'gone', 'kept'].map((which) => [
      which,
      (page) => page.evaluate(`showPanel('${which}')`),
    ]),
  ),
  together: async (page) => {
    await STEPS.merge(page);
    await page.locator('#collabd-panel [value=both]').check();
    await page.locator('#collabd-panel [data-do=save_merged]').click();
  },
  focus: async (page) => {
    await page.keyboard.press('Alt+Shift+C');
    await page.keyboard.press('Tab');
  },
};

const every = Object.keys(views).map((view) => ({ view }));
const shots = [
  ...every,
  ...[
    'editor',
    'viewer_may_take_over',
    'asked',
    'offered',
    'ousted',
    'newer',
    'offline',
    'list',
    'refused',
  ].flatMap((view) => [
    { view, theme: 'dark' },
    { view, dir: 'rtl', lang: 'ar' },
    { view, forced: true },
    { view, width: 320 },
    { view, width: 320, lang: 'de' },
  ]),
  ...['viewer_may_take_over', 'crowd'].flatMap((view) =>
    ['who'].flatMap((step) => [
      { view, step },
      { view, step, theme: 'dark' },
      { view, step, width: 320 },
      { view, step, forced: true },
      { view, step, dir: 'rtl', lang: 'en' },
    ]),
  ),
  ...['reason', 'chat', 'gone', 'focus'].flatMap((step) => [
    { view: 'viewer_may_take_over', step },
    { view: 'viewer_may_take_over', step, theme: 'dark' },
    { view: 'viewer_may_take_over', step, width: 320 },
  ]),
  ...['merge', 'together', 'login', 'gone', 'kept'].map((step) => ({
    view: 'editor',
    step,
  })),
  ...['merge', 'together'].flatMap((step) => [
    { view: 'editor', step, theme: 'dark' },
    { view: 'editor', step, width: 320 },
    { view: 'editor', step, forced: true },
    { view: 'editor', step, skin: 'bare' },
    { view: 'editor', step, skin: 'unfold', theme: 'dark' },
    ...LANGUAGES.map((lang) => ({
      view: 'editor',
      step,
      lang,
      dir: lang === 'ar' ? 'rtl' : 'ltr',
    })),
  ]),
  ...['bare', 'unfold'].flatMap((skin) => [
    { view: 'viewer_may_take_over', skin, step: 'who' },
    { view: 'asked', skin },
  ]),
  { view: 'viewer_may_take_over', skin: 'unfold', theme: 'dark', step: 'chat' },
  ...LANGUAGES.flatMap((lang) =>
    ['viewer_may_take_over', 'countdown', 'ousted'].map((view) => ({
      view,
      lang,
      dir: lang === 'ar' ? 'rtl' : 'ltr',
    })),
  ),
];

/** @param {any} o */
const nameOf = (o) =>
  [
    o.view,
    o.step,
    o.skin,
    o.theme,
    o.dir === 'rtl' && 'rtl',
    o.lang,
    o.forced && 'forced',
    o.width,
  ]
    .filter(Boolean)
    .join('-');

/** @param {any} browser @param {any} o @returns {Promise<string[]>} */
async function shoot(browser, o) {
  const page = await browser.newPage({
    viewport: { width: o.width || 1024, height: 640 },
    colorScheme: o.theme === 'dark' ? 'dark' : 'light',
    forcedColors: o.forced ? 'active' : 'none',
  });
  const found = [];
  /* Playwright's pictures and axe bring styles of their own. */
  let ours = true;
  page.on(
    'console',
    (m) => ours && m.type() === 'error' && found.push(m.text()),
  );
  page.on('pageerror', (e) => found.push(e.message));
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const e of list.getEntries())
        for (const { node } of e.sources)
          /* The bar may arrange itself; a badge may
           * widen its column. The form must not move. */
          if (node?.matches?.('form, #changelist'))
            window.shifts.push({ at: e.startTime, what: e.value.toFixed(4) });
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const query = new URLSearchParams({
    view: o.view,
    skin: o.skin || 'plain',
    theme: o.theme || 'light',
    dir: o.dir || 'ltr',
    lang: o.lang || 'en',
  });
  await page.goto(
    `http://127.0.0.1:${server.address().port}/admin/shop/` +
      `article/${o.view === 'list' ? '' : '1/change/'}?${query}`,
  );
  await page.waitForSelector('html[data-drawn]');
  await page.waitForFunction(() => document.fonts.ready);
  await page.waitForFunction(() =>
    performance
      .getEntriesByType('resource')
      .some((r) => r.name.endsWith('client.css')),
  );
  for (const shift of await page.evaluate(() =>
    shifts.filter(
      (s) =>
        s.at > performance.getEntriesByName('gallery:mounted')[0].startTime,
    ),
  ))
    if (!(o.width && GROWS.includes(o.view)))
      found.push('layout shift ' + shift.what);
  if (o.step) await STEPS[o.step](page);
  ours = false;
  await page.screenshot({ path: join(out, nameOf(o) + '.png') });
  await page.evaluate(readFileSync(axe, 'utf8'));
  const result = await page.evaluate(() =>
    axe.run(
      {
        include: ['bar', 'panel', 'chat', 'status'].map((s) => [
          `#collabd-${s}`,
        ]),
      },
      { resultTypes: ['violations'] },
    ),
  );
  for (const v of result.violations)
    if (v.impact === 'serious' || v.impact === 'critical')
      found.push(
        `${v.id}: ${v.nodes
          .map(
            (n) =>
              n.target.join(' ') + ' ' + n.any.map((a) => a.message).join('; '),
          )
          .join(' | ')}`,
      );
  await page.close();
  return found;
}

mkdirSync(out, { recursive: true });
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(0)));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: FLAGS,
});
let passed = 0;
let failed = 0;
for (const o of shots) {
  if (!nameOf(o).includes(only)) continue;
  const found = await shoot(browser, o).catch((e) => [String(e)]);
  if (found.length === 0) passed++;
  else console.log(`FAILED ${nameOf(o)}\n\t${found.join('\n\t')}`);
  failed += Number(found.length > 0);
}
await browser.close();
server.close();
console.log(`gallery: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
