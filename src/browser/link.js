/**
 * The one socket of this tab. It is opened again for ever.
 */

const CONNECT_MS = 10000;
const FIRST_MS = 1000;
const LONGEST_MS = 30000;
/** The server asked for less: do not begin with the shortest wait. */
const PATIENT = 3;

export const CLOSE_RATE = 1008;
export const CLOSE_OVERLOADED = 1013;
export const CLOSE_SIGNED_OUT = 4401;
/** The server cannot ask whether we are still logged in: as if it was away. */
export const CLOSE_UNVERIFIED = 4503;

/**
 * How long to wait before the next attempt: full jitter, so that those who lost
 * a server together do not come back together.
 *
 * @param {number} attempt  from 0
 * @param {number} random   0..1
 */
export function backoff(attempt, random) {
  return random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
}

/**
 * @param {string} url
 * @param {{open: () => void, frame: (frame: any) => void,
 *   closed: (code: number) => void}} on
 */
export function createLink(url, on) {
  /** @type {WebSocket|null} */
  let socket = null;
  let attempt = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let stopped = false;

  function drop() {
    clearTimeout(timer);
    if (!socket) return;
    const old = socket;
    socket = null;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  /** @param {number} code */
  function lost(code) {
    drop();
    on.closed(code);
    if (stopped || code === CLOSE_SIGNED_OUT) return;
    if (code === CLOSE_RATE || code === CLOSE_OVERLOADED ||
      code === CLOSE_UNVERIFIED) {
      attempt = Math.max(attempt, PATIENT);
    }
    timer = setTimeout(connect, backoff(attempt++, Math.random()));
  }

  function connect() {
    drop();
    stopped = false;
    const ws = socket = new WebSocket(url, 'collabd.v1');
    timer = setTimeout(() => lost(1006), CONNECT_MS);
    ws.onopen = () => {
      clearTimeout(timer);
      on.open();
    };
    ws.onmessage = (event) => {
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      // The server knows us: the next loss is a new one.
      if (frame.type === 'hello') attempt = 0;
      on.frame(frame);
    };
    ws.onclose = (event) => lost(event.code);
  }

  return {
    /** Opens it anew, at once; what there was is closed. */
    connect() {
      const had = !!socket;
      attempt = 0;
      connect();
      if (had) on.closed(1006);
    },
    /**
     * The network is gone, or the server does not answer: do not wait until
     * TCP finds out.
     */
    lose() {
      if (!stopped) lost(1006);
    },
    /** For good, until connect(). */
    close() {
      stopped = true;
      drop();
    },
    /** Whether there is a socket, be it only on its way. */
    get alive() {
      return !!socket;
    },
    /**
     * @param {object} frame
     * @returns {boolean} whether it was sent
     */
    send(frame) {
      if (!socket || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
  };
}
