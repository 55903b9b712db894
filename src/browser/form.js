/**
 * The admin's form: whether something was typed, its Save guarded, and all of
 * it read-only.
 */
import { differing, keepFields, snapshot } from './fields.js';
import { loaded, readForm } from './formvalues.js';
import { createReadOnly, isOurs, isText } from './readonly.js';
import { createRich } from './rich.js';
import { createContent } from './typed.js';

const CHECK_MS = 500;
/** Editors take their time to start. */
const LOOK_MS = [0, 1000, 3000, 8000];
/** What comes before a person changes something, and after. */
const BEFORE = ['pointerdown', 'keydown', 'beforeinput', 'paste', 'drop'];
const AFTER = ['input', 'change', 'click', 'keyup'];
/** How long a submit takes to become a navigation. */
const SUBMIT_MS = 2000;

/**
 * What browsers put back into the fields after a reload was typed before it.
 *
 * @param {HTMLFormElement} form
 */
function wasRestored(form) {
  return Array.from(form.elements).some((el) => {
    const input = /** @type {HTMLInputElement} */ (el);
    return isText(el) ? input.value !== input.defaultValue
      : /^(checkbox|radio)$/.test(input.type) &&
        input.checked !== input.defaultChecked;
  });
}

/**
 * Follows what is typed.
 *
 * @param {HTMLFormElement} form
 * @param {boolean} failed
 * @param {() => boolean} isLocked
 * @param {(dirty: boolean) => void} tell
 */
function createTyping(form, failed, isLocked, tell) {
  // Nothing on this page says what was there before.
  const old = failed || wasRestored(form) ||
    !!form.querySelector('.errorlist,.errornote');
  let dirty = old;
  let touched = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  const rich = createRich(form, (name) => {
    if (isLocked()) return;
    if (!touched) {
      // The first change, and we hear of it too late.
      const before = clean.get(name);
      touch();
      if (before) clean.set(name, before);
    }
    mark();
  });
  let clean = snapshot(form, rich);

  /** Until the first time that a person does something, all is clean. */
  function touch() {
    if (touched) return;
    touched = true;
    look();
    clean = snapshot(form, rich);
  }

  /** An editor normalises its text when it starts, which is not typing. */
  function look() {
    for (const [name, text] of rich.look()) clean.set(name, [text]);
  }

  function check() {
    clearTimeout(timer);
    timer = undefined;
    look();
    const is = old ||
      (touched && differing(clean, snapshot(form, rich)).length > 0);
    if (is === dirty) return;
    dirty = is;
    tell(dirty);
  }

  function mark() {
    timer ??= setTimeout(check, CHECK_MS);
  }

  /** @param {Event} e */
  function follow(e) {
    if (isOurs(e)) return;
    if (e.isTrusted && BEFORE.includes(e.type)) touch();
    // Too late to look at what was there: what we have must do.
    touched ||= e.isTrusted;
    if (touched && !isLocked()) mark();
  }

  for (const type of [...BEFORE, ...AFTER]) {
    document.addEventListener(type, follow, { capture: true, passive: true });
  }
  // Where one types next may be an editor that is ready only now. Those in
  // frames take the focus away from the window.
  document.addEventListener('focusin', look);
  addEventListener('blur', look);
  for (const ms of LOOK_MS) setTimeout(look, ms);

  return {
    rich, look, check, touch,
    isDirty: () => dirty,
    /**
     * The names of what was typed into; null: it may be any.
     *
     * @returns {Set<string>|null}
     */
    changed() {
      if (old) return null;
      return new Set(touched ? differing(clean, snapshot(form, rich)) : []);
    },
    /**
     * These are what is saved: who types them again has typed nothing.
     *
     * @param {Map<string, string[]|null>} saved  by name; null: what is there
     */
    settle(saved) {
      touch();
      const now = snapshot(form, rich);
      for (const [name, values] of saved) {
        const is = values ?? now.get(name);
        if (is) clean.set(name, is);
        else clean.delete(name);
      }
    },
    /** What was typed, for a draft. */
    typed() {
      rich.flush();
      const now = snapshot(form, rich);
      return keepFields(form, now, differing(old ? new Map() : clean, now),
        rich);
    },
  };
}

/**
 * @param {HTMLFormElement} form
 * @param {boolean} failed  the page shows what was typed before: a save that
 *   did not pass validation
 * @param {import('./formvalues.js').Values|null} before  what there was before
 *   that, if the tab remembers
 * @param {Object} on
 * @param {(dirty: boolean) => void} on.dirty
 * @param {(button: string, checked: boolean) =>
 *   'pass'|'hold'|'refuse'|'warn'|'check'} on.decide  checked: it has been
 *   compared with what is saved
 * @param {(why: 'hold'|'refuse'|'warn'|'check') => void} on.stopped
 * @param {() => void} on.submitted  and nobody prevented it
 */
export function createForm(form, failed, before, on) {
  let locked = false;
  let submitting = false;
  let checked = false;
  /** @type {HTMLButtonElement|HTMLInputElement|null} */
  let button = null;
  let wasDisabled = false;
  const typing = createTyping(form, failed, () => locked, on.dirty);
  const { rich, check } = typing;
  const setReadOnly = createReadOnly(form, typing.look);

  // Safari has had no submitter until 15.4.
  document.addEventListener('click', ({ target }) => {
    const pressed = /** @type {HTMLButtonElement|null} */ (
      target instanceof Element && target.closest('[type=submit],button'));
    if (pressed?.form === form) button = pressed;
  }, true);

  // Before the page's own handlers: they are for the submit that goes out.
  addEventListener('submit', (e) => {
    if (e.target !== form) return;
    if ('submitter' in e) button = /** @type {any} */ (e).submitter;
    wasDisabled = !!button?.disabled;
    const what = on.decide(button?.getAttribute('name') ?? '', checked);
    if (what !== 'pass') {
      e.preventDefault();
      e.stopImmediatePropagation();
      on.stopped(what);
      return;
    }
    submitting = true;
    setTimeout(() => {
      if (!e.defaultPrevented) on.submitted();
      setTimeout(() => {
        submitting = false;
      }, e.defaultPrevented ? 0 : SUBMIT_MS);
    });
  }, true);

  return {
    check,
    isDirty: typing.isDirty,
    typed: typing.typed,
    /** A submit goes out at this moment. */
    isSubmitting: () => submitting,
    /** @param {boolean} is */
    lock(is) {
      if (is === locked) return;
      // What was typed until now counts.
      if (is) check();
      locked = is;
      setReadOnly(is);
      rich.lock(is);
    },
    /**
     * The submit that was stopped, again, with the same button.
     *
     * @param {boolean} [compared]  with what is saved
     */
    submit(compared = false) {
      // Not before the event that was stopped is over: within it, browsers
      // ignore another.
      setTimeout(() => {
        checked = compared;
        const by = button?.isConnected ? button : null;
        // By a script, against a second click; it would not be sent.
        const off = !!by?.disabled && !wasDisabled;
        if (by && off) by.disabled = false;
        if (form.requestSubmit) form.requestSubmit(by ?? undefined);
        else by?.click();
        if (by && off) by.disabled = true;
        checked = false;
      });
    },
    focusButton: () => button?.focus({ preventScroll: true }),
    /**
     * Whether the page shows all of that already.
     *
     * @param {import('./fields.js').Kept[]} fields
     */
    shows(fields) {
      const now = snapshot(form, rich);
      return fields.every(({ name, values }) =>
        `${now.get(name) ?? ''}` === `${values}`);
    },
    ...createContent(form, typing, failed ||
      form.querySelector('.errorlist,.errornote') ? before
      : readForm(form, loaded, true)),
  };
}

/** @typedef {ReturnType<typeof createForm>} Form */
