/**
 * Two live regions, there from the start and empty, since a region that comes
 * together with its text is not read out by every screen reader.
 */

/** Long enough to be read out, too short to be stumbled over later. */
const KEEP_MS = 8000;

/**
 * @param {'status'|'alert'} role  alert is for "you lost the lock" and "not
 *   saved" only
 * @returns {(text: string) => void}
 */
export function makeAnnouncer(role) {
  const node = document.createElement('div');
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  node.id = 'collabd-' + role;
  node.setAttribute('role', role);
  // Not by the style sheet: it may come late or never.
  Object.assign(node.style, { position: 'absolute', width: '1px',
    height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' });
  document.body.append(node);
  return (text) => {
    clearTimeout(timer);
    // A text that is there already would not be read again.
    node.textContent = '';
    timer = setTimeout(() => {
      node.textContent = text;
      timer = setTimeout(() => {
        node.textContent = '';
      }, KEEP_MS);
    }, 50);
  };
}
