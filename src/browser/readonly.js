/**
 * A form that can be read and copied from, and not changed.
 *
 * Nothing is ever `disabled`: that would drop values, keep people from copying,
 * and enable again what Django had disabled. Text fields become readonly, the
 * rest is marked aria-disabled and kept from its events.
 */

const NOT_TEXT =
  /^(checkbox|radio|file|color|range|button|submit|reset|image|hidden)$/;

const CHOICES = 'select,[type=checkbox],[type=radio],[type=file],' +
  '[type=color],[type=range],.select2-selection';

/** What adds, takes away or fills in, besides the fields themselves. */
const TOOLS = '.add-row a,.inline-deletelink,.related-lookup,' +
  '.related-widget-wrapper-link:not(.view-related),.datetimeshortcuts a,' +
  '.selector a,a[href*="/delete/"],[class*="add-handler"],' +
  '[class*="delete-handler"],[class*="remove-handler"]';

/** But not those that only open and close something: readers need them. */
const BUTTONS = ['button', 'reset'].map((type) => `[type=${type}]`)
  .concat('[role=button]').map((button) => `${button}:not([aria-expanded],` +
    '[data-bs-toggle],[data-toggle],[role=tab],.collapse-toggle)').join();

/** Their events do not arrive. */
const GUARDED = `${CHOICES},${TOOLS},${BUTTONS}`;

/** These belong to the form, and are elsewhere in the document. */
const POPUPS = '.select2-dropdown,.calendarbox,.clockbox';

const MARKED = `${GUARDED},[type=submit][name^="_"]:not([name=_saveasnew])`;

/** Editors, also those that rich.js does not know. */
const EDITABLE = '[contenteditable]:not([contenteditable=false])';

const HANDLES = '.ui-sortable-handle,[draggable=true],.drag-handle,' +
  '[class*="drag-handler"],.cursor-move';
const DRAGS = /^(pointerdown|mousedown|touchstart|dragstart)$/;
const TYPES = /^(beforeinput|paste|drop)$/;

const EVENTS = ['pointerdown', 'mousedown', 'touchstart', 'click', 'dblclick',
  'keydown', 'beforeinput', 'paste', 'drop', 'dragstart'];

/**
 * @param {Element} el
 * @returns {boolean} whether one types into it
 */
export function isText(el) {
  return el instanceof HTMLTextAreaElement ||
    (el instanceof HTMLInputElement && !NOT_TEXT.test(el.type));
}

/**
 * Whether it happened in our own user interface.
 *
 * @param {Event} e
 */
export const isOurs = (e) => e.composedPath().some((el) =>
  /^collabd/.test(/** @type {Element} */ (el).id));

/**
 * Keys that move, copy and leave.
 *
 * @param {Event} e
 */
function isReadingKey(e) {
  if (!(e instanceof KeyboardEvent)) return false;
  if (e.ctrlKey || e.metaKey) return !/^[vx]$/i.test(e.key);
  return /^(Tab|Shift|Escape|Page.*|F\d+)$/.test(e.key);
}

/**
 * Whether an event is one that a read-only form does not take.
 *
 * @param {HTMLFormElement} form
 * @param {Event} e
 * @returns {'no'|'yes'|'drag'}  drag: only nobody is to hear of it
 */
function refuses(form, e) {
  const [target] = e.composedPath();
  if (!(target instanceof Element) || isOurs(e)) return 'no';
  const here = form.contains(target) ||
    /** @type {HTMLInputElement} */ (target).form === form;
  const control = target.closest(here ? GUARDED : POPUPS);
  if (!control && !(here && TYPES.test(e.type))) {
    // A whole row may be a handle: the text in it is still to be selected.
    return here && DRAGS.test(e.type) && target.closest(HANDLES)
      ? 'drag' : 'no';
  }
  // A list can be scrolled.
  const scrolls = control instanceof HTMLSelectElement &&
    e instanceof MouseEvent && target === control &&
    e.offsetX > control.clientWidth;
  return scrolls || isReadingKey(e) ? 'no' : 'yes';
}

/**
 * @param {HTMLFormElement} form
 * @param {() => void} added  something came into the form while it was
 *   read-only
 * @returns {(on: boolean) => void}
 */
export function createReadOnly(form, added) {
  let locked = false;
  /** Element, attribute, what it was, what we made it.
   * @type {[Element, string, string|null, string][]} */
  let changed = [];

  /**
   * @param {Element} el
   * @param {string} name
   * @param {string} value
   */
  function set(el, name, value) {
    const before = el.getAttribute(name);
    if (before === value) return;
    changed.push([el, name, before, value]);
    el.setAttribute(name, value);
  }

  /** @param {Element} el */
  function lockOne(el) {
    if (isText(el)) set(el, 'readonly', '');
    else if (el.matches(MARKED)) set(el, 'aria-disabled', 'true');
    if (el.matches(EDITABLE)) set(el, 'contenteditable', 'false');
  }

  /** @param {Element} root */
  function lockBelow(root) {
    lockOne(root);
    root.querySelectorAll(`input,textarea,${MARKED},${EDITABLE}`)
      .forEach(lockOne);
  }

  const observer = new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      addedNodes.forEach((node) => node instanceof Element && lockBelow(node));
    }
    added();
  });

  /** @param {Event} e */
  function guard(e) {
    const what = locked ? refuses(form, e) : 'no';
    if (what === 'no') return;
    // A touch may begin to scroll the page.
    if (what === 'yes' ? !/^(pointerdown|touchstart)$/.test(e.type)
      : e.type === 'dragstart') e.preventDefault();
    e.stopImmediatePropagation();
  }

  for (const type of EVENTS) {
    document.addEventListener(type, guard, { capture: true, passive: false });
  }

  return (on) => {
    if (on === locked) return;
    locked = on;
    if (on) {
      set(form, 'data-collabd', 'locked');
      lockBelow(form);
      // Those elsewhere, with a form attribute.
      for (const el of form.elements) lockOne(el);
      observer.observe(form, { childList: true, subtree: true });
      return;
    }
    observer.disconnect();
    for (const [el, name, before, ours] of changed.reverse()) {
      // What somebody else has changed since is theirs.
      if (el.getAttribute(name) !== ours) continue;
      if (before === null) el.removeAttribute(name);
      else el.setAttribute(name, before);
    }
    changed = [];
  };
}
