/**
 * A small virtual DOM: h() describes, patch() makes it so. Nodes that stay
 * keep their identity, so that focus, scroll and what is typed into an input
 * survive a render. Strings become text nodes, never markup.
 */

/** @typedef {{tag: string, props: Record<string, any>, kids: Kid[]}} VNode */
/** @typedef {VNode|Node|string|null|undefined|false} Kid */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * What patch() has made of which description.
 * @type {WeakMap<Node, VNode>}
 */
const known = new WeakMap();

/**
 * @param {string} tag
 * @param {Record<string, any>|null} [props] attributes; on* are handlers;
 *   `key` tells siblings of one tag apart; `bg` is a background colour, set by
 *   the CSSOM so that a strict CSP does not mind; null, undefined and false
 *   are no attribute
 * @param {...(Kid|Kid[])} kids  what is empty is left out
 * @returns {VNode}
 */
export const h = (tag, props, ...kids) => ({
  tag,
  props: props || {},
  kids: kids.flat(),
});

/**
 * @param {any} node
 * @param {string} name
 * @param {any} value
 */
function set(node, name, value) {
  const none = value === undefined || value === null || value === false;
  if (name.startsWith('on')) node[name] = value;
  else if (name === 'bg') node.style.backgroundColor = value;
  else if (none) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : value);
}

/**
 * @param {Element} parent
 * @param {Kid[]} kids
 */
function children(parent, kids) {
  const spare = [...parent.childNodes];
  const nodes = kids.filter(Boolean).map((kid) => {
    if (kid instanceof Node) return kid;
    const v = typeof kid === 'object' ? kid : null;
    const at = spare.findIndex((n) => {
      const was = known.get(n);
      return v && was
        ? v.tag === was.tag && v.props.key === was.props.key
        : !v && n.nodeType === 3;
    });
    let node = at < 0 ? null : spare.splice(at, 1)[0];
    if (!v) {
      node = node || document.createTextNode('');
      if (node.nodeValue !== kid) node.nodeValue = String(kid);
      return node;
    }
    node = node || (v.tag === 'svg' || v.tag === 'path'
      ? document.createElementNS(SVG, v.tag)
      : document.createElement(v.tag));
    const was = known.get(node);
    const old = was ? was.props : {};
    for (const name of Object.keys({ ...old, ...v.props })) {
      if (v.props[name] !== old[name]) set(node, name, v.props[name]);
    }
    known.set(node, v);
    children(/** @type {Element} */ (node), v.kids);
    return node;
  });

  // First out, then in: what stays is not moved and keeps the focus.
  for (const node of spare) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, n) => {
    const there = parent.childNodes[n];
    if (there !== node) parent.insertBefore(node, there || null);
  });
}

/**
 * Makes the children of a node be these. If the one with the focus had to go,
 * `refuge` gets it, so that a keyboard user is not thrown back to the top of
 * the page.
 *
 * @param {Element} parent
 * @param {Kid[]} kids
 * @param {() => HTMLElement|null} [refuge]
 */
export function patch(parent, kids, refuge) {
  const root = /** @type {Document|ShadowRoot} */ (parent.getRootNode());
  const had = /** @type {HTMLElement|null} */ (root.activeElement);
  const inside = had && had !== parent && parent.contains(had);

  children(parent, kids);
  if (!inside || root.activeElement === had) return;
  const next = had.isConnected ? had : refuge && refuge();
  if (next) next.focus({ preventScroll: true });
}

/** 16 by 16, drawn for this. */
const ICONS = {
  pencil: 'M11.5 1.5l3 3L5 14l-3.8.8.8-3.8z',
  eye: 'M8 3c3.3 0 5.8 2 7 5-1.2 3-3.7 5-7 5S2.2 11 1 8c1.2-3 3.7-5 7-5z' +
    'm0 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  moon: 'M6 1.5a6.7 6.7 0 1 0 8.5 8.5A5.7 5.7 0 0 1 6 1.5z',
  clock: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM7.2 4v4.5l3 2 .8-1.2-2.3' +
    '-1.6V4z',
  alert: 'M8 1.5l7.5 13H.5zM7.2 6v4h1.6V6zm0 5.2v1.6h1.6v-1.6z',
  chat: 'M2 2h12v9H7l-4 3.5V11H2z',
  people: 'M8 1a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM1 15c0-4 3-6 7-6s7 2 7 6z',
};

/** @typedef {keyof typeof ICONS} Icon */

/**
 * A picture that says nothing by itself: text stands beside it.
 *
 * @param {Icon} name
 */
export const icon = (name) =>
  h('svg', { class: 'cb-icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    h('path', { d: ICONS[name], 'fill-rule': 'evenodd' }));

/**
 * What is for the eyes only: letters, numbers. A label says it in words.
 *
 * @param {string} kind  a class
 * @param {string} text
 * @param {string} [bg]
 * @param {Kid} [kid]
 */
export const sign = (kind, text, bg, kid) =>
  h('span', { class: kind, 'aria-hidden': 'true', 'data-text': text, bg },
    kid);
