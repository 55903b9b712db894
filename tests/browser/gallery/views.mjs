// Made-up Views, one for each thing that the bar can say.

const now = Date.now();
const since = new Date(now - 9e5).toISOString();

/** @param {number|string} user_id @param {string} name @param {string} state */
const person = (user_id, name, state, avatar_url = null) => ({
  user_id,
  name,
  username: name.split(' ')[0].toLowerCase(),
  email: '',
  avatar_url,
  since,
  state,
});

const ann = person(1, 'Ann Lee', 'viewing', '/face.svg');
const bob = person(2, 'Bob Fischer', 'viewing');
const carol = person('c0ffee', 'Carol Núñez', 'idle');
const crowd = [
  'Dan Wu',
  'Eve Okafor',
  'Finn Berg',
  '山田 太郎',
  'ليلى حسن',
].map((name, n) => person(10 + n, name, n % 2 ? 'viewing' : 'idle'));

const base = {
  page: 'change',
  popup: false,
  phase: 'live',
  mode: 'editor',
  you: bob,
  mayTakeOver: false,
  editor: bob,
  people: [bob],
  line: [],
  place: 0,
  offer: null,
  countdown: null,
  holdUntil: null,
  headStartUntil: null,
  dirty: false,
  newer: null,
  reloadAt: null,
  saveHeld: null,
  ousted: null,
  hasDraft: false,
  restoring: false,
  notices: [],
  settings: {
    texts: {},
    enable_chat: true,
    chat_message_max: 5000,
    handover_hold: 300,
  },
};

const viewer = {
  ...base,
  mode: 'viewer',
  editor: ann,
  people: [bob, { ...ann, state: 'dirty' }, carol],
};
const editor = { ...base, people: [{ ...bob, state: 'dirty' }, ann, carol] };
/** @param {{user_id: string|number, name: string}} p */
const asks = ({ user_id, name }) => ({ user_id, name, asked: true });
const newer = {
  name: 'Ann Lee',
  when: now - 6e4,
  action: 'change',
  fields: ['Title', 'Body'],
  mine: false,
};

export const views = {
  checking: {
    ...base,
    phase: 'checking',
    mode: 'none',
    you: null,
    editor: null,
    people: [],
  },
  alone: base,
  editor,
  crowd: { ...editor, people: [...editor.people, ...crowd] },
  asked: { ...editor, line: [asks(ann)] },
  asked_three: { ...editor, line: [asks(ann), asks(carol), asks(crowd[0])] },
  countdown: {
    ...editor,
    line: [asks(ann)],
    countdown: { user_id: 1, until: now + 42e3 },
  },
  hold: { ...editor, line: [asks(ann)], holdUntil: now + 2e5 },
  viewer,
  viewer_may_take_over: { ...viewer, mayTakeOver: true },
  viewer_site_text: {
    ...viewer,
    settings: {
      ...base.settings,
      texts: {
        viewer_mode_text:
          'This page is being edited by {editor_name}. You ' +
          'cannot make changes until they leave.',
        notification_button_text: 'Request Editor Attention',
      },
    },
  },
  waiting: {
    ...viewer,
    mode: 'waiting',
    place: 2,
    mayTakeOver: true,
    line: [asks(carol), asks(bob)],
  },
  waiting_countdown: {
    ...viewer,
    mode: 'waiting',
    place: 1,
    line: [asks(bob)],
    countdown: { user_id: 2, until: now + 17e3 },
  },
  offered: {
    ...viewer,
    mode: 'offered',
    editor: null,
    line: [asks(bob)],
    offer: { user_id: 2, until: now + 18e3 },
  },
  free: { ...viewer, mode: 'free', editor: null },
  head_start: {
    ...viewer,
    mode: 'free',
    editor: null,
    headStartUntil: now + 25e3,
  },
  other_tab: { ...base, mode: 'other_tab' },
  view_only: { ...viewer, mode: 'view_only' },
  offline: { ...base, phase: 'offline', editor: null, people: [] },
  signed_out: { ...base, phase: 'signed_out', editor: null, people: [] },
  newer: { ...viewer, newer, reloadAt: now + 5e3 },
  newer_dirty: { ...editor, newer, dirty: true },
  newer_free: { ...viewer, mode: 'free', editor: null, newer },
  deleted: { ...viewer, newer: { ...newer, action: 'delete' } },
  held: { ...editor, saveHeld: 'checking' },
  held_newer: { ...editor, saveHeld: 'newer', newer, dirty: true },
  ousted: {
    ...viewer,
    hasDraft: true,
    ousted: {
      kind: 'taken_over',
      name: 'Ann Lee',
      reason: 'The price must be right before noon',
    },
  },
  ousted_editor: {
    ...editor,
    hasDraft: true,
    ousted: { kind: 'lost', name: '', reason: 'silent' },
  },
  notice: {
    ...viewer,
    notices: [{ id: 1, text: 'error_too_soon', tone: 'warning', params: {} }],
  },
  refused: {
    ...viewer,
    notices: [
      {
        id: 2,
        text: 'save_refused',
        tone: 'error',
        params: { name: 'Ann Lee' },
      },
    ],
  },
  popup: { ...viewer, popup: true },
  add: { ...base, page: 'add', mode: 'none', editor: null, people: [bob, ann] },
  list: {
    ...base,
    page: 'list',
    mode: 'none',
    editor: null,
    people: [bob, ann, carol],
  },
};

const cell = (label, shown, kind = 'short') => ({
  names: [label],
  values: [[shown]],
  row: '',
  label,
  shown,
  kind,
});
const before =
  'The ferry sails from Rudkøbing to Marstal every day but Sunday. The ' +
  'crossing takes one hour. Tickets are sold on board.';
/** @param {string} key @param {string} kind @param {any} more */
const row = (key, kind, more) => ({
  key,
  kind,
  what: 'field',
  row: '',
  base: undefined,
  theirs: undefined,
  mine: undefined,
  ...more,
});
const lines = [
  row('title', 'conflict', {
    base: cell('Title', 'The last ferry'),
    theirs: cell('Title', 'The last ferry to Marstal'),
    mine: cell('Title', 'One ferry less'),
  }),
  row('summary', 'conflict', {
    base: cell('Summary', before, 'long'),
    theirs: cell('Summary', before.replace('one hour', '70 minutes'), 'long'),
    mine: cell('Summary', before.replace('Sunday', 'Monday'), 'long'),
  }),
  row('state', 'theirs', {
    base: cell('State', 'Draft', 'choice'),
    theirs: cell('State', 'In review', 'choice'),
    mine: cell('State', 'Draft', 'choice'),
  }),
  row('file', 'theirs', {
    base: cell('Attachment', '', 'file'),
    theirs: cell('Attachment', 'attachments/timetable.pdf', 'file'),
    mine: cell('Attachment', '', 'file'),
  }),
  row('comment/7', 'theirs', { what: 'added', row: 'comment/7' }),
  row('comment/5', 'conflict', { what: 'removed', row: 'comment/5' }),
];

/**
 * What the panel is about: i18n is the page's.
 *
 * @type {Record<string, (t: any) => any>}
 */
export const panels = {
  merge: (t) => ({
    title: t('merge', {}, lines.length),
    rows: lines,
    name: 'Ann Lee',
    done() {},
    buttons: [
      ['save_merged', t('save_merged'), () => {}],
      ['go_back', t('go_back'), () => {}],
      ['save_mine', t('save_mine', {}, 5), () => {}],
    ],
  }),
  login: (t) => ({
    title: t('signed_out'),
    text: t('draft'),
    href: '/login/',
    buttons: [
      ['go_on', t('go_on'), () => {}],
      ['copy', t('copy'), () => {}],
      ['go_back', t('go_back'), () => {}],
    ],
  }),
  gone: (t) => ({
    title: t('gone'),
    text: t('draft'),
    buttons: [
      ['save_as_new', 'Save as new', () => {}],
      ['copy', t('copy'), () => {}],
      ['go_back', t('go_back'), () => {}],
    ],
  }),
  kept: (t) => ({
    title: t('draft'),
    text: t('kept_old'),
    texts: [
      { label: 'Title', shown: 'One ferry less' },
      { label: 'Summary', shown: before },
    ],
    buttons: [
      ['copy', t('copy'), () => {}],
      ['go_back', t('go_back'), () => {}],
    ],
  }),
};

/** Of the inline rows in it. */
export const inline = {
  label: (/** @type {string} */ key) =>
    key === 'comment/7' ? 'Per: It is a pity.' : 'Lene: Every week.',
  fields: () => [
    { label: 'Name', shown: 'Per' },
    { label: 'Text', shown: 'It is a pity.' },
  ],
};
