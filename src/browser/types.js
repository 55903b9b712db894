/**
 * Types that the modules of the browser client share. No code.
 *
 * Times in a View are milliseconds of this browser's clock (Date.now()); the
 * frames carry the server's, as ISO 8601.
 *
 * @typedef {string|number} UserId   compare with String(a) === String(b)
 *
 * @typedef {{user_id: UserId, name: string}} Who
 *
 * @typedef {'viewing'|'dirty'|'idle'|'none'} Doing
 *   none: has only a page of the package open, cannot chat with us
 *
 * @typedef {{user_id: UserId, name: string, username: string, email: string,
 *   avatar_url: string|null, since: string, state: Doing}} Person
 *
 * @typedef {'checking'|'live'|'reconnecting'|'offline'|'signed_out'} Phase
 *   checking: at most 2 s after the page was loaded or the computer woke up;
 *   reconnecting: lost less than 5 s ago, shown as before;
 *   offline: the form is usable, saves are not protected: there is no
 *   connection, or the server does not know who edits
 *
 * @typedef {'none'|'editor'|'viewer'|'free'|'waiting'|'other_tab'|'offered'|
 *   'view_only'} Mode
 *   none: list and add pages, or nothing is known yet;
 *   free: nobody edits, and this page does not claim by itself: it shows an
 *   old version (newer), or the lock is kept for somebody who may come back
 *   (headStartUntil) or who was offered it (offer), or the user has stopped;
 *   waiting: in the line, having asked; place tells where;
 *   offered: reserved for me until offer.until;
 *   view_only: the page has no Save
 *
 * @typedef {'checking'|'newer'|'unseen'|'comparing'|'merging'|null} Held
 *   a submit that was stopped. checking: it goes on by itself when the answer
 *   is there; newer: it would overwrite a newer save: "Save anyway"
 *   (saveAnyway) or not (cancelSave); unseen: the same, and the panel to show
 *   what did not come; comparing: with what is saved, or the user has asked for
 *   it; merging: the panel asks
 *
 * @typedef {'taken_over'|'handed_over'|'lost'|'moved'} OustKind
 *   moved: to another tab of mine
 *
 * @typedef {Object} Newer           a save newer than what this page shows
 * @property {string} name
 * @property {number} when
 * @property {'add'|'change'|'delete'} action
 * @property {string[]} fields
 * @property {boolean} mine          by me, in another tab or elsewhere
 *
 * @typedef {Object} Notice
 * @property {number} id
 * @property {string} text           an i18n key, see NOTICES in state.js
 * @property {'info'|'warning'|'error'} tone
 * @property {Record<string, string>} params
 *
 * @typedef {Object} View            what the UI shows
 * @property {'change'|'add'|'list'} page
 * @property {boolean} popup
 * @property {Phase} phase
 * @property {Mode} mode
 * @property {Person|null} you
 * @property {boolean} mayTakeOver
 * @property {Who|null} editor
 * @property {Person[]} people       me first, then the editor, then by name
 * @property {{user_id: UserId, name: string, asked: boolean}[]} line
 * @property {number} place          among those who asked, from 1; 0: not there
 * @property {{user_id: UserId, until: number}|null} offer
 * @property {{user_id: UserId, until: number}|null} countdown
 * @property {number|null} holdUntil
 * @property {number|null} headStartUntil
 * @property {boolean} dirty
 * @property {Newer|null} newer
 * @property {number|null} reloadAt  the page reloads itself then
 * @property {Held} saveHeld
 * @property {{kind: OustKind, name: string, reason: string}|null} ousted
 *   why I am no longer the editor while I had typed something
 * @property {boolean} hasDraft      text is kept: copy and restore are offered
 * @property {boolean} restoring     it comes back as soon as I am the editor
 * @property {Notice[]} notices
 * @property {Partial<Settings>} settings
 *
 * @typedef {Object} Settings        of the hello frame
 * @property {Record<string, string>} texts
 * @property {boolean} enable_chat
 * @property {number} chat_message_max
 * @property {number} notification_request_interval
 * @property {number} handover_countdown
 * @property {number} handover_hold
 * @property {number} offer_time
 * @property {string} admin_url
 * @property {'on'|'log'|'off'} save_check
 * @property {number} save_check_timeout  s
 *
 * @typedef {Object} Actions         what the UI may ask for
 * @property {() => void} claim
 * @property {() => void} moveHere
 * @property {() => void} requestEdit
 * @property {() => void} cancelRequest   leaves the line, declines an offer
 * @property {(userId?: UserId) => void} handOver
 * @property {() => void} later           five more minutes
 * @property {(reason: string) => void} takeOver
 * @property {() => void} release
 * @property {() => void} reload
 * @property {() => void} keepPage        no reload for this newer save
 * @property {() => void} saveAnyway
 * @property {() => void} cancelSave
 * @property {() => void} compare         the page with what is saved
 * @property {() => Promise<boolean>} copyDraft
 * @property {() => void} restoreDraft
 * @property {() => void} dropDraft       also forgets `ousted`
 * @property {(noticeId: number) => void} dismiss
 * @property {(userId: UserId, text: string) => boolean} sendChat
 *   false: not connected, nothing was sent
 * @property {() => void} retry
 *
 * @typedef {Object} ChatFrame
 * @property {'chat_message'} type
 * @property {UserId} sender_id
 * @property {string} sender_name
 * @property {string|null} sender_avatar
 * @property {UserId} recipient_id
 * @property {string} message
 * @property {string} timestamp
 *
 * @typedef {Object} PageId          where we are
 * @property {'change'|'add'|'list'} page
 * @property {string} app
 * @property {string} model
 * @property {string} object         decoded URL segment, "" but on change pages
 * @property {boolean} popup
 *
 * @typedef {Object} Place           what ui.makePlace() returns
 * @property {HTMLElement} bar
 * @property {Promise<unknown>} styled  its style is there, or will not come
 * @property {() => void} show       the bar, where there was room for it
 * @property {() => void} remove     both
 *
 * @typedef {Object} MountOptions    of ui.mount()
 * @property {PageId} page
 * @property {Place} place
 * @property {string} base           URL of the static files, ends in "/"
 * @property {string} language       of <html lang>, maybe ""
 * @property {Actions} actions
 *
 * @typedef {Object} Tools           what the panel is made with
 * @property {HTMLElement} host      where it goes
 * @property {import('./i18n.js').I18n} i18n
 * @property {typeof import('./dom.js').h} h
 * @property {typeof import('./dom.js').patch} patch
 *
 * @typedef {Object} Ui              what ui.mount() returns
 * @property {Tools} tools
 * @property {(view: View) => void} render
 * @property {(frame: ChatFrame) => void} chat
 * @property {(objects: Record<string, Who>) => void} badges
 * @property {(object: string, editor: Who|null) => void} badge
 */
export {};
