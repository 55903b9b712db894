// The state's steps, for its tests. Ann (1) is the user of this page, in the
// tab "t1".
import { initial, nextTick, reduce } from '../../../src/browser/state.js';
import { viewOf } from '../../../src/browser/view.js';

export const T0 = Date.UTC(2026, 10, 24, 12);
export const iso = (ms) => new Date(ms).toISOString().replace('Z', '000+00:00');

export const ANN = { user_id: 1, name: 'Ann', username: 'ann', email: '',
  avatar_url: null };
export const BOB = { user_id: 2, name: 'Bob' };
export const CAROL = { user_id: 3, name: 'Carol' };

/**
 * A page, its clock and its server, which answers pings until it hangs.
 */
export class Tab {
  constructor(facts = {}) {
    const { skew = 0, canSave = true, dirty = false, ready = true, ...rest } =
      facts;
    this.now = T0;
    this.skew = skew;
    this.state = initial({
      page: { page: 'change', app: 'a', model: 'b', object: '1', popup: false },
      tab: 't1', pageAt: T0 - 100, seen: 0, mark: 0, visible: true, ...rest,
    }, T0);
    this.sent = [];
    this.effects = [];
    /** When it asked whether the server is there, from the start on. */
    this.pings = [];
    this.answers = true;
    if (ready) this.ready(canSave, dirty);
  }

  /** The document is there. */
  ready(canSave = true, dirty = false) {
    return this.do({ type: 'ready', canSave, dirty });
  }

  /** One event; what it sends and wants is added to the lists. */
  do(event) {
    const r = reduce(this.state, event, this.now);
    this.state = r.state;
    this.sent.push(...r.send.filter((f) => f.type !== 'ping'));
    this.effects.push(...r.effects);
    if (r.send.some((f) => f.type === 'ping')) {
      this.pings.push(this.now - T0);
      if (this.answers) this.frame('pong');
    }
    // As the link does it.
    if (r.effects.includes('lose')) this.do({ type: 'closed', code: 1006 });
    return this;
  }

  /** The server says nothing any more, and nobody notices. */
  hang() {
    this.answers = false;
    return this;
  }

  frame(type, keys = {}) {
    return this.do({ type: 'frame', frame: { type, ...keys } });
  }

  act(name, arg) {
    return this.do({ type: 'act', name, arg });
  }

  /** Lets time pass, with the ticks that the state asked for. */
  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const at = nextTick(this.state, this.now);
      if (at > end) break;
      this.now = at;
      this.do({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  hello(keys = {}) {
    this.do({ type: 'open' });
    return this.frame('hello', {
      you: ANN, tab: 't1', may_change: true, may_take_over: true,
      now: iso(this.now + this.skew), saves: 'log', last_save: null,
      settings: {}, ...keys,
    }).frame('presence', { users: [
      { ...ANN, since: iso(T0), state: 'viewing' },
    ] });
  }

  lock(keys = {}) {
    return this.frame('lock', { editor: null, previous: null, line: [],
      offer: null, countdown: null, hold_until: null, ...keys });
  }

  mine(keys = {}) {
    return this.lock({ editor: { ...ANN, tab: 't1' }, ...keys });
  }

  bobs(keys = {}) {
    return this.lock({ editor: { ...BOB, tab: 'x' }, ...keys });
  }

  saved(who, at, keys = {}) {
    return this.frame('saved', { id: 1, user_id: who.user_id, name: who.name,
      when: iso(at + this.skew), action: 'change', fields: ['Title'], ...keys });
  }

  get view() {
    return viewOf(this.state, this.now);
  }

  /** What was sent since the last time. */
  take() {
    const types = this.sent.map((f) => f.type);
    this.sent = [];
    return types.join();
  }

  wants() {
    const effects = this.effects.join();
    this.effects = [];
    return effects;
  }
}

export const editor = () => new Tab().hello().lock().mine();
export const viewer = () => new Tab().hello().bobs();
