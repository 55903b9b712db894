/**
 * Rich text editors: read-only, their text, and putting it back. Best effort;
 * the guard of the form's submit stands behind it.
 */

/**
 * @typedef {Object} Editor
 * @property {any} key            the editor itself
 * @property {Element|null} field
 * @property {boolean} closed     it is read-only already
 * @property {(on: boolean) => void} lock
 * @property {() => string} read
 * @property {(html: string) => void} write
 * @property {() => void} flush   into the form's field
 * @property {(changed: () => void) => void} watch
 */

/** Editors and their globals have no types here. */
const page = /** @type {any} */ (globalThis);

/**
 * @param {any} ed
 * @returns {Editor}
 */
const ckeditor4 = (ed) => ({
  key: ed,
  field: ed.element?.$,
  closed: ed.readOnly,
  lock: (on) => ed.setReadOnly(on),
  read: () => ed.getData(),
  write: (html) => ed.setData(html),
  flush: () => ed.updateElement(),
  watch: (changed) => ed.on('change', changed),
});

/**
 * @param {any} ed
 * @returns {Editor}
 */
const ckeditor5 = (ed) => ({
  key: ed,
  field: ed.sourceElement,
  closed: ed.isReadOnly,
  lock(on) {
    if (!ed.enableReadOnlyMode) ed.isReadOnly = on;
    else if (on) ed.enableReadOnlyMode('collabd');
    else ed.disableReadOnlyMode('collabd');
  },
  read: () => ed.getData(),
  write: (html) => ed.setData(html),
  flush: () => ed.updateSourceElement?.(),
  watch: (changed) => ed.model.document.on('change:data', changed),
});

/**
 * @param {any} ed
 * @returns {Editor}
 */
const tinymce = (ed) => ({
  key: ed,
  field: ed.getElement(),
  closed: ed.mode?.get ? ed.mode.get() === 'readonly' : ed.readonly,
  lock(on) {
    const mode = on ? 'readonly' : 'design';
    if (ed.mode?.set) ed.mode.set(mode);
    else ed.setMode(mode);
  },
  read: () => ed.getContent(),
  write: (html) => ed.setContent(html),
  flush: () => ed.save(),
  watch: (changed) => ed.on('input change undo redo', changed),
});

/**
 * @param {any} ed
 * @param {Element} box
 * @returns {Editor}
 */
const quill = (ed, box) => ({
  key: ed,
  // One of the site's making beside it, if there is one.
  field: box.parentElement?.querySelector('textarea[name],input[name]') ?? null,
  closed: ed.root.contentEditable === 'false',
  lock: (on) => ed.enable(!on),
  read: () => ed.root.innerHTML,
  write: (html) => ed.clipboard.dangerouslyPasteHTML(html),
  flush() {},
  watch: (changed) => ed.on('text-change', changed),
});

/**
 * CodeMirror 5, and EasyMDE on top of it: its field follows only when the form
 * is sent.
 *
 * @param {any} ed
 * @returns {Editor}
 */
const codemirror = (ed) => ({
  key: ed,
  field: ed.getTextArea(),
  closed: !!ed.getOption('readOnly'),
  lock: (on) => ed.setOption('readOnly', on),
  read: () => ed.getValue(),
  write: (text) => ed.setValue(text),
  flush: () => ed.save(),
  watch: (changed) => ed.on('change', changed),
});

/**
 * Trix: its field is hidden, and follows; it does not follow the field.
 *
 * @param {any} el  <trix-editor>
 * @returns {Editor}
 */
const trix = (el) => ({
  key: el.editor,
  field: el.inputElement,
  closed: el.disabled || el.contentEditable === 'false',
  lock: (on) => el.setAttribute('contenteditable', String(!on)),
  read: () => el.inputElement.value,
  write: (html) => el.editor.loadHTML(html),
  flush() {},
  watch: (changed) => el.addEventListener('trix-change', changed),
});

/**
 * @template T
 * @param {() => T} what
 * @returns {T|undefined}  undefined: this editor is not as we know it
 */
function attempt(what) {
  try {
    return what();
  } catch {
    return undefined;
  }
}

/**
 * The editors of a form that are ready now.
 *
 * @param {HTMLFormElement} form
 * @returns {Editor[]}
 */
function findEditors(form) {
  /** @type {Editor[]} */
  const found = [];
  /** @param {() => Editor} make */
  const add = (make) => {
    const editor = attempt(make);
    if (editor && (!editor.field || form.contains(editor.field))) {
      found.push(editor);
    }
  };
  for (const ed of Object.values(page.CKEDITOR?.instances ?? {})) {
    if (ed.status === 'ready') add(() => ckeditor4(ed));
  }
  for (const ed of attempt(() =>
    Array.from(page.tinymce.editors ?? page.tinymce.get())) ?? []) {
    if (ed.initialized) add(() => tinymce(ed));
  }
  for (const el of form.querySelectorAll(
    '.ck-editor__editable,.ql-container,.CodeMirror,trix-editor')) {
    const { ckeditorInstance: ck, __quill, CodeMirror: cm, editor } =
      /** @type {any} */ (el);
    // Before and since its version 2.
    const ql = __quill ?? page.Quill?.find?.(el);
    if (ck) add(() => ckeditor5(ck));
    else if (cm) add(() => codemirror(cm));
    else if (editor) add(() => trix(el));
    else if (ql) add(() => quill(ql, el));
  }
  return found;
}

/**
 * Watches a form's editors, which come when they are ready.
 *
 * @param {HTMLFormElement} form
 * @param {(name: string) => void} changed  somebody may have typed
 */
export function createRich(form, changed) {
  /** By the names of their fields, or by their places.
   * @type {Map<string, Editor>} */
  let known = new Map();
  /** @type {Set<Editor>} */
  const ours = new Set();
  let locked = false;

  function lockAll() {
    for (const ed of known.values()) {
      if (ed.closed || ours.has(ed)) continue;
      attempt(() => ed.lock(true));
      ours.add(ed);
    }
  }

  return {
    /**
     * Looks for new ones.
     *
     * @returns {Map<string, string>} what they say, by name
     */
    look() {
      const fresh = new Map();
      const now = new Map();
      findEditors(form).forEach((ed, i) => {
        const name = ed.field?.getAttribute('name') || `#rich${i}`;
        const before = known.get(name);
        if (before?.key === ed.key) {
          now.set(name, before);
          return;
        }
        now.set(name, ed);
        // It took after its field, which we have locked.
        if (locked) ed.closed = false;
        fresh.set(name, attempt(ed.read) ?? '');
        attempt(() => ed.watch(() => changed(name)));
      });
      known = now;
      if (locked) lockAll();
      return fresh;
    },
    /** @param {boolean} on */
    lock(on) {
      locked = on;
      if (on) {
        lockAll();
        return;
      }
      for (const ed of ours) attempt(() => ed.lock(false));
      ours.clear();
    },
    flush: () => known.forEach((ed) => attempt(ed.flush)),
    /** @returns {Map<string, string>} what they say, by name */
    read() {
      const texts = new Map();
      known.forEach((ed, name) => texts.set(name, attempt(ed.read) ?? ''));
      return texts;
    },
    /**
     * @param {string} name
     * @param {string} html
     * @returns {boolean} whether there is such an editor
     */
    write(name, html) {
      const ed = known.get(name);
      if (!ed) return false;
      attempt(() => ed.write(html));
      attempt(ed.flush);
      return true;
    },
  };
}

/** @typedef {ReturnType<typeof createRich>} Rich */
