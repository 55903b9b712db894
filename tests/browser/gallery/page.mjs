// Pages as the admin writes them (Django 3.2), as far as they matter here.

const FIELDS = [
  ['title', 'Title', 'Spring catalogue'],
  ['slug', 'Slug', 'spring-catalogue'],
  ['price', 'Price', '12.50'],
];

const form = () => `<div id="content-main">
<form enctype="multipart/form-data" method="post" id="article_form" novalidate>
<input type="hidden" name="csrfmiddlewaretoken" value="x"><div>
<fieldset class="module aligned">${FIELDS.map(
  ([name, label, value]) => `
<div class="form-row field-${name}"><div><label class="required"
 for="id_${name}">${label}:</label><input type="text" name="${name}"
 value="${value}" class="vTextField" id="id_${name}"></div></div>`,
).join('')}
<div class="form-row field-body"><div><label for="id_body">Body:</label>
<textarea name="body" cols="40" rows="6" class="vLargeTextField"
 id="id_body">All new titles of this spring.</textarea></div></div></fieldset>
<div class="submit-row"><input type="submit" value="Save" class="default"
 name="_save"><input type="submit" value="Save and add another"
 name="_addanother"><input type="submit" value="Save and continue editing"
 name="_continue"></div></div></form></div>`;

const ROWS = [
  ['1', 'Spring catalogue'],
  ['a_5Fb', 'Autumn catalogue'],
  ['3', 'A history of tea'],
  ['4', 'The lighthouse'],
];

const list = () => `<div id="content-main"><ul class="object-tools"><li>
<a href="add/" class="addlink">Add article</a></li></ul>
<div class="module" id="changelist"><div class="changelist-form-container">
<form id="changelist-form" method="post" novalidate><div class="results">
<table id="result_list"><thead><tr><th scope="col" class="column-__str__">
<div class="text"><span>Article</span></div></th><th scope="col"
 class="column-price"><div class="text"><span>Price</span></div></th></tr>
</thead><tbody>${ROWS.map(
  ([id, name]) => `<tr><th class="field-__str__">
<a href="/admin/shop/article/${id}/change/">${name}</a></th>
<td class="field-price">12.50</td></tr>`,
).join('')}</tbody></table></div>
<p class="paginator">4 articles</p></form></div></div></div>`;

/** @param {{skin: string, theme: string, dir: string, lang: string,
 *   list: boolean}} o */
export function html(o) {
  const css =
    o.skin === 'bare' || o.skin === 'unfold'
      ? `/${o.skin}.css`
      : '/static/admin/css/base.css';
  const more =
    o.skin === 'plain'
      ? [
          o.list ? 'changelists' : 'forms',
          'responsive',
          ...(o.dir === 'rtl' ? ['rtl', 'responsive_rtl'] : []),
        ]
      : [];
  const dark = o.theme === 'dark';

  return `<!DOCTYPE html><html lang="${o.lang}" dir="${o.dir}"${
    o.skin === 'unfold' && dark ? ' class="dark"' : ''
  }><head>
<title>Change article | Django site admin</title>
<link rel="stylesheet" href="${css}">${more
    .map(
      (name) => `<link rel="stylesheet" href="/static/admin/css/${name}.css">`,
    )
    .join('')}
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="/gallery.js" defer></script></head>
<body class="app-shop model-article change-form"><div id="container">
<div id="header"><div id="branding"><h1 id="site-name"><a href="/">Django
 administration</a></h1></div><div id="user-tools">Welcome,
<strong>bob</strong>. <a href="/out">Log out</a></div></div>
<nav class="breadcrumbs" aria-label="Breadcrumbs"><a href="/">Home</a> › <a
 href="/">Shop</a> › Articles</nav>
<main class="main" id="main"><div class="content"><div id="content"
 class="colM"><h1>${o.list ? 'Select article to change' : 'Change article'}</h1>${
   o.list ? list() : form()
 }<br class="clear"></div></div></main></div></body></html>`;
}

/** A skin without any variable, as Grappelli; and one with Unfold's. */
export const SKINS = {
  '/bare.css':
    'body{margin:0;font:12px Arial,sans-serif;background:#fdfdfd;' +
    'color:#444}#content{padding:20px}',
  '/unfold.css':
    ':root{--color-primary-600:147 51 234}body{margin:0;' +
    'font:14px sans-serif;background:#fff;color:#334155}.dark body{' +
    'background:#0f172a;color:#cbd5e1}#content{padding:20px}',
};
