import assert from 'node:assert/strict';
import test from 'node:test';
import { hasPackage, identify, socketUrl } from '../../../src/browser/page.js';

// path, admin prefix, page, app, model, object
const pages = [
  ['/admin/shop/article/1/change/', null, 'change', 'shop', 'article', '1'],
  ['/admin/shop/article/1/change/', '/admin/', 'change', 'shop', 'article', '1'],
  ['/admin/shop/article/1/change/', 'admin', 'change', 'shop', 'article', '1'],
  ['/shop/article/1/change/', null, 'change', 'shop', 'article', '1'],
  ['/shop/article/1/change/', '/', 'change', 'shop', 'article', '1'],
  ['/de/admin/shop/article/1/change/', '/admin/', 'change', 'shop', 'article',
    '1'],
  ['/de/admin/shop/article/1/change/', null, 'change', 'shop', 'article', '1'],
  ['/x/y/admin/shop/article/add/', '/admin/', 'add', 'shop', 'article', ''],
  ['/admin/shop/article/add/', null, 'add', 'shop', 'article', ''],
  ['/admin/shop/article/', null, 'list', 'shop', 'article', ''],
  ['/admin/shop/article/', '/admin/', 'list', 'shop', 'article', ''],
  ['/de/admin/shop/article/', '/admin/', 'list', 'shop', 'article', ''],
  ['/admin/admin/logentry/', '/admin/', 'list', 'admin', 'logentry', ''],
  ['/admin/shop/product/9b2c-77/change/', null, 'change', 'shop', 'product',
    '9b2c-77'],
  // Names and keys that look like parts of URLs.
  ['/admin/shop/article/add/change/', '/admin/', 'change', 'shop', 'article',
    'add'],
  ['/admin/shop/article/change/change/', '/admin/', 'change', 'shop', 'article',
    'change'],
  ['/admin/shop/change/', '/admin/', 'list', 'shop', 'change', ''],
  ['/admin/shop/change/7/change/', '/admin/', 'change', 'shop', 'change', '7'],
  // As Django quotes them, and as browsers do.
  ['/admin/shop/article/a_2Fb_5Fc_3A_22/change/', null, 'change', 'shop',
    'article', 'a_2Fb_5Fc_3A_22'],
  ['/admin/shop/article/a%20b%C3%A9/change/', null, 'change', 'shop', 'article',
    'a b\u00e9'],
  ['/admin/shop/article/50%/change/', null, 'change', 'shop', 'article', '50%'],
  ['/admin/shop/article/%2B(x)!*\'/change/', null, 'change', 'shop', 'article',
    '+(x)!*\''],
  ['/admin/b%C3%BCcher/titel/1/change/', null, 'change', 'b\u00fccher', 'titel',
    '1'],
];

for (const [path, prefix, page, app, model, object] of pages) {
  test(`${path} below ${prefix}`, () => {
    assert.deepEqual(identify(path, '', prefix),
      { page, app, model, object, popup: false });
  });
}

for (const [path, prefix] of [
  ['/admin/', null], ['/admin/', '/admin/'], ['/', null],
  ['/admin/shop/', '/admin/'], ['/admin/password_change/', '/admin/'],
  ['/admin/shop/article/1/history/', '/admin/'],
  ['/admin/shop/article/1/delete/', '/admin/'],
  ['/admin/shop/article/1/', '/admin/'],
  ['/admin/shop/article/1/change', null],
  ['/other/shop/article/1/change/', '/admin/'],
  ['/admin/shop/article/1/2/change/', '/admin/'],
  ['/admin/1/', null],
]) {
  test(`${path} below ${prefix} is no page of ours`, () => {
    assert.equal(identify(path, '', prefix), null);
  });
}

test('popups', () => {
  const is = (search) =>
    identify('/admin/shop/article/1/change/', search).popup;
  assert.equal(is('?_popup=1'), true);
  assert.equal(is('?_to_field=id&_popup=1'), true);
  assert.equal(is('?x_popup=1'), false);
  assert.equal(is(''), false);
});

test('rooms', () => {
  const url = (path) => socketUrl('https://h:8/P/', identify(path, ''));
  assert.equal(url('/admin/shop/article/a%20b_2F/change/'),
    'wss://h:8/P/shop/article/a%20b_2F/');
  assert.equal(url('/admin/shop/article/50%/change/'),
    'wss://h:8/P/shop/article/50%25/');
  assert.equal(url('/admin/shop/article/add/'), 'wss://h:8/P/shop.article/');
  assert.equal(url('/admin/shop/article/'), 'wss://h:8/P/shop.article/');
  assert.equal(socketUrl('http://h/P/', identify('/a/b/', '')),
    'ws://h/P/a.b/');
});

test('the package is seen', () => {
  assert.equal(hasPackage({ a: 1 }), false);
  assert.equal(hasPackage({ ADMIN_COLLABORATOR_EDITOR_MODE_TEXT: '' }), true);
});
