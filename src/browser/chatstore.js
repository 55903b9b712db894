/**
 * What was said on this page, in this tab: kept over a reload for the same
 * user, dropped for anybody else. No DOM here.
 */
import { get, put } from './session.js';
import { same } from './state.js';

/**
 * @typedef {import('./types.js').ChatFrame} ChatFrame
 * @typedef {import('./types.js').UserId} UserId
 *
 * @typedef {Object} Message
 * @property {boolean} mine
 * @property {string} text
 * @property {number} when
 * @property {boolean} sent   the server has said so
 *
 * @typedef {Object} Talk
 * @property {UserId} user_id
 * @property {string} name
 * @property {string|null} avatar_url
 * @property {number} unread
 * @property {boolean} open     has a window
 * @property {Message[]} messages
 */

/** What is kept is shared with the site, and small. */
const MESSAGES_MAX = 100;

/** @param {string} page  tells pages apart */
export function makeStore(page) {
  /** @type {Talk[]} */
  let talks = [];
  /** @type {UserId|undefined} */
  let me;

  const save = () => put('chat', { me, page, talks });

  /**
   * @param {UserId} user_id
   * @param {string} [name]
   * @param {string|null} [avatar_url]
   */
  function talkWith(user_id, name, avatar_url) {
    let talk = talks.find((t) => same(t.user_id, user_id));
    if (!talk) {
      talk = { user_id, name: '', avatar_url: null, unread: 0, open: false,
        messages: [] };
      talks.push(talk);
    }
    if (name) Object.assign(talk, { name, avatar_url });
    return talk;
  }

  /**
   * @param {Talk} talk
   * @param {Message} message
   */
  function add(talk, message) {
    talk.messages = [...talk.messages, message].slice(-MESSAGES_MAX);
    save();
  }

  return {
    get talks() {
      return talks;
    },

    /**
     * Says whose chat this is, and reads what is kept.
     *
     * @param {UserId} id
     */
    setMe(id) {
      if (same(me, id)) return;
      const kept = get('chat');
      me = id;
      talks = kept && same(kept.me, id) && kept.page === page ? kept.talks
        : [];
      save();
    },

    /**
     * A message of mine, shown before the server has said that it is sent.
     *
     * @param {UserId} to
     * @param {string} text
     */
    say: (to, text) => add(talkWith(to),
      { mine: true, text, when: Date.now(), sent: false }),

    /**
     * A frame of the server.
     *
     * @param {ChatFrame} f
     * @returns {Talk|null} the one in which something waits to be read
     */
    receive(f) {
      const mine = same(f.sender_id, me);
      const when = Date.parse(f.timestamp) || Date.now();
      const talk = mine ? talkWith(f.recipient_id)
        : talkWith(f.sender_id, f.sender_name, f.sender_avatar);
      const waiting = talk.messages.find((m) => mine && !m.sent &&
        m.text === f.message);

      if (waiting) {
        Object.assign(waiting, { sent: true, when });
        save();
        return null;
      }
      if (!mine && !talk.open) talk.unread += 1;
      add(talk, { mine, text: f.message, when, sent: true });
      return talk.unread > 0 ? talk : null;
    },

    /**
     * Opens or closes the window of a talk.
     *
     * @param {import('./types.js').Who & {avatar_url?: string|null}} who
     * @param {boolean} open
     */
    open({ user_id, name, avatar_url = null }, open) {
      const talk = talkWith(user_id, name, avatar_url);
      Object.assign(talk, { open, unread: 0 });
      // The one opened last comes last.
      talks = [...talks.filter((t) => t !== talk), talk];
      save();
    },

    /**
     * How many messages of somebody, or of all, were not read.
     *
     * @param {UserId} [id]
     */
    unread: (id) => talks.filter((t) => id === undefined ||
      same(t.user_id, id)).reduce((sum, t) => sum + t.unread, 0),
  };
}
