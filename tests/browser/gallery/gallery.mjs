// Mounts the UI with a made-up View, named in the address of the page.
import { makePanelView } from '../../../src/browser/panelview.js';
import { makePlace, mount } from '../../../src/browser/ui.js';
import { inline, panels, views } from './views.mjs';

const query = new URLSearchParams(location.search);
const name = query.get('view') || 'viewer';
const view = structuredClone(/** @type {any} */ (views)[name]);
/** @type {string[]} */
const asked = [];

const actions = new Proxy(
  {},
  {
    get:
      (_, act) =>
      () => {
        asked.push(String(act));
        return act === 'copyDraft' ? Promise.resolve(true) : true;
      },
  },
);
const anchor = document.querySelector(
  view.page === 'list' ? '#changelist' : "form[id$='_form']",
);

async function show() {
  // Shifts from now on are ours: the page and its fonts are there.
  document.body.getBoundingClientRect();
  await document.fonts.ready;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const page = {
    page: view.page,
    app: 'shop',
    model: 'article',
    object: '1',
    popup: view.popup,
  };
  const ui = mount(
    /** @type {any} */ ({
      page,
      place: makePlace(page, '/c/', anchor, view.hasDraft),
      base: '/c/',
      language: document.documentElement.lang,
      actions,
    }),
  );

  Object.assign(window, {
    ui,
    view,
    asked,
    views,
    showPanel: (/** @type {string} */ which) =>
      makePanelView(ui.tools).show({
        rows: [],
        name: '',
        done: null,
        close() {},
        ...inline,
        ...panels[which](ui.tools.i18n.t),
      }),
    chatFrame: (
      /** @type {number|string} */ from,
      /** @type {number|string} */ to,
      /** @type {string} */ message,
    ) =>
      ui.chat(
        /** @type {any} */ ({
          type: 'chat_message',
          sender_id: from,
          sender_name:
            view.people.find((/** @type {any} */ p) => p.user_id === from)
              ?.name || '',
          sender_avatar: null,
          recipient_id: to,
          message,
          timestamp: new Date().toISOString(),
        }),
      ),
  });
  // The bar came late here, after the first paint; nothing may move after this.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => performance.mark('gallery:mounted')),
  );
  // As on a real page: first nothing is known, then the server has answered.
  if (!query.has('at_once'))
    ui.render({
      ...view,
      phase: 'checking',
      mode: 'none',
      people: [],
      you: null,
      notices: [],
      ousted: null,
      newer: null,
      saveHeld: null,
    });
  setTimeout(() => {
    ui.render(view);
    if (view.page === 'list')
      ui.badges({
        1: { user_id: 1, name: 'Ann Lee' },
        a_5Fb: { user_id: 2, name: 'Bob Fischer' },
      });
    document.documentElement.dataset.drawn = 'yes';
  }, 150);
}

show();
