"""The form of every frame."""
import re

# The keys of every frame, type aside. A client without the subprotocol gets
# exactly these; what may be missing stands in the second set.
EDIT_FRAMES = {
    "user_joined": ({"user_id", "username", "timestamp", "last_modified",
                     "avatar_url"}, set()),
    "user_left": ({"user_id", "username"}, set()),
    "editor_status": ({"editor_id", "editor_name"}, set()),
    "content_updated": ({"user_id", "username", "timestamp"}, set()),
    "lock_released": ({"user_id", "username"}, {"timestamp"}),
    "attention_requested": ({"user_id", "username", "timestamp"}, set()),
}
CHAT_FRAMES = {
    "active_users": ({"users"}, set()),
    "user_joined": ({"user_id", "username", "email", "avatar_url",
                     "timestamp"}, set()),
    "user_left": ({"user_id", "username", "email"}, set()),
    "chat_message": ({"sender_id", "sender_name", "sender_email",
                      "sender_avatar", "recipient_id", "message",
                      "timestamp"}, set()),
}
V1_FRAMES = {
    "error": ({"code", "message", "in_reply_to"}, set()),
    "claim_pending": (set(), None),
    "pong": (set(), set()),
}
# What a socket that has said hello gets, instead of all but errors.
TAB_FRAMES = {
    "hello": ({"you", "tab", "may_change", "may_take_over", "now", "saves",
               "last_save", "settings"}, set()),
    "presence": ({"users"}, set()),
    "user_present": ({"user"}, set()),
    "users_present": ({"users"}, set()),
    "user_absent": ({"user_id"}, set()),
    "lock": ({"editor", "previous", "line", "offer", "countdown",
              "hold_until"}, set()),
    "lock_unknown": (set(), set()),
    "saved": ({"id", "user_id", "name", "when", "action", "fields"}, set()),
    "handed_over": ({"from", "to", "how"}, set()),
    "taken_over": ({"from", "by", "reason"}, set()),
    "lock_lost": ({"from", "why"}, set()),
    "save_refused": ({"tab", "editor"}, set()),
    "badges": ({"objects"}, set()),
    "badge": ({"object", "editor"}, set()),
    "chat_message": CHAT_FRAMES["chat_message"],
    "attention_requested": EDIT_FRAMES["attention_requested"],
    "error": V1_FRAMES["error"],
    "pong": V1_FRAMES["pong"],
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"


def check_frame(frame, is_chat, v1, is_tab=False):
    """A frame must have the form that the protocol gives it."""
    table = dict(CHAT_FRAMES if is_chat else EDIT_FRAMES)
    if is_tab:
        table = TAB_FRAMES
    elif v1:
        table.update(V1_FRAMES)
    kind = frame.get("type")
    assert kind in table, "a frame that should not be: %s" % frame
    must, may = table[kind]
    keys = set(frame) - {"type"}
    assert must <= keys, "%s lacks %s" % (frame, must - keys)
    if may is not None:
        assert keys <= must | may, "%s has %s too much" % (
            frame, keys - must - may)
    if "timestamp" in frame:
        assert re.fullmatch(TIME, frame["timestamp"]), frame
