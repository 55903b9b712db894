/*
 * The master copy of all settings: name, type, bounds, default, help. Add a
 * setting here, a field in struct conf, a paragraph in man/collabd.conf.5 and
 * a line in etc/collabd.conf; "make lint" says which of them is missing.
 */
#include <limits.h>

#include "base/conf.h"

#define S	INT64_C(1000)		/* a second in milliseconds */
#define HOUR	(3600 * S)

static const char *const log_levels[] = {
	"error", "warning", "info", "debug", NULL
};
static const char *const engines[] = {
	"db", "cached_db", "signed_cookies", NULL
};
static const char *const id_types[] = { "integer", "uuid", "text", NULL };
static const char *const origins[] = { "strict", "channels", NULL };
static const char *const permissions[] = { "model", "staff", NULL };
static const char *const guards[] = { "off", "report", "enforce", NULL };
static const char *const save_checks[] = { "on", "log", "off", NULL };
static const char *const legacies[] = { "off", "3.2", NULL };

#define FIELD(f)	offsetof(struct conf, f)
#define BOOL(n, d, h)		{ #n, CONF_BOOL, 0, FIELD(n), 0, 1, d, \
				  NULL, NULL, h }
#define INT(n, lo, hi, d, h)	{ #n, CONF_INT, 0, FIELD(n), lo, hi, d, \
				  NULL, NULL, h }
#define SIZE(n, lo, hi, d, h)	{ #n, CONF_SIZE, 0, FIELD(n), lo, hi, d, \
				  NULL, NULL, h }
#define SECS(n, lo, hi, d, h)	{ #n, CONF_SECONDS, 0, FIELD(n ## _ms), lo, \
				  hi, d, NULL, NULL, h }
#define STR(n, d, h)		{ #n, CONF_STRING, 0, FIELD(n), 0, 0, d, \
				  NULL, NULL, h }
#define TEXT(n, d, h)		{ #n, CONF_STRING, CONF_TEXT, FIELD(n), 0, 0, \
				  d, NULL, NULL, h }
#define LIST(n, d, h)		{ #n, CONF_LIST, 0, FIELD(n), 0, 0, d, \
				  NULL, NULL, h }
#define ENUM(n, names, d, h)	{ #n, CONF_ENUM, 0, FIELD(n), 0, 0, d, \
				  names, NULL, h }

const struct conf_option conf_options[] = {
	/* the process */
	{ "listen", CONF_LIST, CONF_RESTART, FIELD(listen), 0, 0,
	    "127.0.0.1:8080", NULL, NULL,
	    "Where browsers (or the proxy in front) connect: address:port, "
	    "[v6]:port or unix:/path; several are allowed." },
	{ "metrics_listen", CONF_LIST, CONF_RESTART, FIELD(metrics_listen),
	    0, 0, "", NULL, NULL,
	    "An address of their own for health and metrics, which then leave "
	    "the public address." },
	INT(workers, 0, 64, "0",
	    "Worker processes; 0 is one for each core."),
	{ "user", CONF_STRING, CONF_RESTART, FIELD(user), 0, 0, "", NULL, NULL,
	    "The user to become when started as root." },
	STR(log_file, "", "Where to log; empty is stderr."),
	ENUM(log_level, log_levels, "info", "How much to log."),
	{ "runtime_dir", CONF_STRING, CONF_RESTART, FIELD(runtime_dir), 0, 0,
	    "", NULL, "RUNTIME_DIRECTORY",
	    "Folder for socket and file of the embedded Redis; empty is one in "
	    "/tmp." },
	SECS(drain_time, 0, 300 * S, "5",
	    "Over how long a leaving worker spreads the closing of its "
	    "sockets."),
	SECS(shutdown_timeout, 0, 300 * S, "20",
	    "How long a stop, or a worker's leaving, may take at most."),
	{ "shm_rooms", CONF_INT, CONF_RESTART, FIELD(shm_rooms), 64, 1048576,
	    "4096", NULL, NULL,
	    "Rooms the shared-memory cache has places for." },

	/* the site */
	STR(websocket_prefix, "admin/collaboration",
	    "Path in front of every room, without slashes at its ends."),
	STR(admin_url, "admin", "Path of the Django admin."),
	STR(media_url, "/media/", "What stands before an avatar's path."),
	LIST(allowed_origins, "",
	    "Further origins that may connect, as in CSRF_TRUSTED_ORIGINS."),
	LIST(allowed_hosts, "",
	    "Hosts the site answers to, as in ALLOWED_HOSTS; empty takes the "
	    "Host that was asked for."),
	LIST(trusted_proxies, "127.0.0.0/8 ::1 unix",
	    "Peers whose X-Forwarded-For and X-Forwarded-Proto are believed, "
	    "and that may ask the guard."),
	ENUM(origin, origins, "strict", "How the Origin header is checked."),
	LIST(room_alias, "",
	    "Models whose objects are another's: app.proxy=app.model."),
	ENUM(permission, permissions, "model",
	    "Who may join a room: by model permission, or all staff."),

	/* sessions and users */
	{ "secret_key", CONF_STRING, CONF_SECRET, FIELD(secret_key), 0, 0, "",
	    NULL, "SECRET_KEY", "Django's SECRET_KEY; better in a file." },
	STR(secret_key_file, "", "File that holds Django's SECRET_KEY."),
	{ "secret_key_fallbacks", CONF_LIST, CONF_SECRET,
	    FIELD(secret_key_fallbacks), 0, 0, "", NULL,
	    "SECRET_KEY_FALLBACKS", "Older keys that are still accepted." },
	STR(secret_key_fallbacks_file, "", "File with older keys, one a line."),
	ENUM(django_legacy, legacies, "off",
	    "Accept what Django 3.1 and 3.2 sign with SHA-1."),
	STR(session_cookie_name, "sessionid", "SESSION_COOKIE_NAME."),
	ENUM(session_engine, engines, "db", "The last part of SESSION_ENGINE."),
	STR(session_salt, "",
	    "Signing salt of an own session store; empty is Django's."),
	SECS(session_cookie_age, S, 10 * 365 * 24 * HOUR, "1209600",
	    "SESSION_COOKIE_AGE, for signed_cookies."),
	LIST(auth_backends, "django.contrib.auth.backends.ModelBackend",
	    "AUTHENTICATION_BACKENDS."),

	/* the database */
	{ "database_url", CONF_STRING, CONF_SECRET, FIELD(database_url), 0, 0,
	    "", NULL, "DATABASE_URL",
	    "Django's database: postgres://..., libpq key=value, or "
	    "sqlite:///path for development." },
	STR(database_schema, "", "Schema of Django's tables; empty uses the "
	    "role's search_path."),
	STR(session_table, "django_session", "Table of the sessions."),
	STR(user_table, "auth_user", "Table of the user model."),
	STR(user_id_column, "id", "Its primary key."),
	ENUM(user_id_type, id_types, "integer", "The key's type."),
	STR(user_username_column, "username", "Column of the login name."),
	LIST(user_name_columns, "first_name last_name",
	    "Columns of the name that people are shown; empty is the login "
	    "name."),
	STR(user_email_column, "email", "Column of the e-mail; empty if none."),
	STR(user_password_column, "password", "Column of the password hash."),
	STR(user_is_active_column, "is_active",
	    "Column of is_active; empty if every user is active."),
	STR(user_is_staff_column, "is_staff", "Column of is_staff."),
	STR(user_is_superuser_column, "is_superuser",
	    "Column of is_superuser; empty if there is none."),
	STR(avatar_field, "", "Column that holds the avatar's path."),
	STR(user_groups_table, "auth_user_groups",
	    "Table between users and groups; empty if none."),
	STR(user_groups_user_column, "user_id", "Its column of the user."),
	STR(user_groups_group_column, "group_id", "Its column of the group."),
	STR(user_permissions_table, "auth_user_user_permissions",
	    "Table between users and permissions; empty if none."),
	STR(user_permissions_user_column, "user_id", "Its column of the user."),
	STR(user_permissions_permission_column, "permission_id",
	    "Its column of the permission."),
	STR(admin_log_table, "django_admin_log",
	    "Table in which the admin logs what was saved."),
	SECS(save_poll_interval, 0, HOUR, "2",
	    "How often that table is asked for new rows; 0 believes the "
	    "browser's click instead."),

	/* authorization */
	{ "auth_max_connections", CONF_INT, 0, FIELD(auth_max_connections), 1,
	    256, "8", NULL, NULL, "Database connections open at a time, all "
	    "workers together." },
	INT(auth_threads, 1, 16, "2", "Authorization threads of a worker."),
	INT(auth_queue_max, 1, 1000000, "20000",
	    "Handshakes of a worker that may stand in line."),
	SECS(auth_timeout, 100, 300 * S, "10",
	    "How long one authorization may take, waiting included."),
	BOOL(auth_reuse, "on",
	    "Whether a connection serves those that stand in line as well."),
	SECS(reauth_interval, S, 24 * HOUR, "60",
	    "How often the right of open sockets is checked again."),
	SECS(reauth_grace, 0, 7 * 24 * HOUR, "600",
	    "How long they stay open while that cannot be checked; 0 is for "
	    "ever."),

	/* Redis */
	{ "redis_url", CONF_STRING, CONF_SECRET | CONF_RESTART,
	    FIELD(redis_url), 0, 0, "embedded", NULL, "REDIS_URL",
	    "redis://, rediss:// or unix://; embedded starts a private "
	    "redis-server." },
	{ "redis_prefix", CONF_STRING, CONF_RESTART, FIELD(redis_prefix), 0, 0,
	    "", NULL, NULL, "Put before every key and channel." },
	{ "redis_server", CONF_STRING, CONF_RESTART, FIELD(redis_server), 0, 0,
	    "redis-server", NULL, NULL, "Program for redis_url = embedded." },
	BOOL(redis_tls_verify, "on", "Verify the certificate of rediss://."),
	STR(redis_tls_ca_file, "", "Certificates to trust; empty is the "
	    "system's."),
	INT(redis_max_retries, 0, 20, "3", "Repeats of a failed command."),
	SECS(redis_retry_delay, 10, 60 * S, "0.5",
	    "Wait before the first repeat, doubled each time."),
	SECS(redis_socket_timeout, 100, 300 * S, "5",
	    "How long Redis may take to connect or answer."),
	INT(redis_max_connections, 2, 1024, "10",
	    "Connections to Redis, all workers together, also during a "
	    "reload; each has two."),
	SECS(redis_settle_time, 0, 60 * S, "5",
	    "How long nobody becomes the editor after Redis lost data."),

	/* rooms */
	SECS(heartbeat_timeout, S, 24 * HOUR, "120",
	    "Silence after which an editor's lock is stale."),
	SECS(reclaim_grace, 0, HOUR, "30",
	    "Head start of an editor whose connection was lost."),
	SECS(leave_grace, 0, 60 * S, "5",
	    "Head start of an editor whose page went away: a reload."),
	SECS(save_settle, 0, 60 * S, "10",
	    "How long others wait for a save that a page of the package "
	    "announces before it is done."),
	ENUM(save_check, save_checks, "on",
	    "How a page is compared with what is saved before it is saved."),
	SECS(save_check_timeout, 100, 60 * S, "3",
	    "How long the browser waits for that."),
	SECS(handover_countdown, 20 * S, HOUR, "60",
	    "How long an idle editor who is asked keeps the lock."),
	SECS(handover_hold, 10 * S, HOUR, "300",
	    "How much time an editor gets who asks for more."),
	SECS(offer_time, 5 * S, HOUR, "20",
	    "How long a free lock is kept for the first in the line."),
	ENUM(save_guard, guards, "report",
	    "Whether a proxy that asks is told to refuse saves of who is not "
	    "the editor."),
	SECS(save_guard_timeout, 10, 10 * S, "1",
	    "How long it waits for that answer at most; then it may save."),
	STR(take_over_permission, "",
	    "Permission (app.codename) to take a lock over; superusers always "
	    "may."),
	STR(audit_log, "", "File with one line for each hand-over, take-over "
	    "and forced release; empty is the log."),
	SECS(notification_request_interval, 0, HOUR, "15",
	    "Time between two attention requests of a user."),
	SIZE(chat_message_max, 1, 1048576, "4096", "Bytes of a chat message."),
	BOOL(enable_chat, "on", "Whether there are chat rooms."),
	BOOL(echo_room, "off",
	    "Whether <prefix>/echo/ returns each message, without "
	    "authorization; for conformance tests."),

	/* limits */
	INT(max_connections, 1, 10000000, "50000", "Connections of a worker."),
	INT(max_connections_per_user, 0, 1000000, "100",
	    "Open sockets of a user on a worker; 0 is no limit."),
	INT(max_connections_per_address, 0, 10000000, "1000",
	    "Connections of a client address on a worker; 0 is no limit."),
	SIZE(max_message_size, 1024, 64 * 1048576, "64k",
	    "Bytes of an incoming message."),
	INT(max_handshakes, 1, 1000000, "10000",
	    "Connections of a worker that are not authorised yet."),
	SECS(handshake_timeout, 100, 300 * S, "10",
	    "How long a request head may take to arrive."),
	INT(message_rate, 1, 1000000, "20", "Messages a second of a socket."),
	INT(message_burst, 1, 1000000, "40", "Messages at once of a socket."),
	INT(user_message_rate, 0, 1000000, "100",
	    "Messages a second of a user on a worker; 0 is no limit."),
	INT(user_message_burst, 1, 1000000, "500",
	    "Messages at once of a user on a worker."),
	SIZE(send_queue_max, 4096, 1073741824, "256k",
	    "Bytes that may wait for a slow client."),
	SECS(send_queue_age, 100, 3600 * S, "30",
	    "How long they may wait."),
	SECS(ping_interval, S, 55 * S, "25",
	    "Time between two pings; two without an answer end a socket."),

	/* texts */
	TEXT(editor_mode_text, "You are in editor mode.",
	    "Shown to the editor."),
	TEXT(viewer_mode_text, "This page is being edited by {editor_name}. "
	    "You cannot make changes until they leave.", "Shown to a viewer."),
	TEXT(claiming_editor_text, "The editor has left. The page will refresh "
	    "shortly to allow editing.", "Shown when the lock became free."),
	TEXT(notification_message, "User {username} is requesting the editors "
	    "attention.", "Shown to an editor who is asked for."),
	TEXT(notification_button_text, "Request Editor Attention",
	    "The button that asks."),
	TEXT(notification_request_sent_text, "Request sent.",
	    "Shown when it was pressed."),
	TEXT(chat_user_list_title, "Online Users", "Title of the user list."),
	TEXT(chat_empty_state_text, "No other users online",
	    "Shown when nobody is there."),
	TEXT(chat_start_conversation_text,
	    "No messages yet. Start the conversation!",
	    "Shown in an empty conversation."),
	TEXT(chat_input_placeholder, "Type a message...",
	    "Placeholder of the input."),
	TEXT(chat_online_status_text, "Online", "A user is there."),
	TEXT(chat_offline_status_text, "Offline", "A user is not there."),
	TEXT(chat_offline_placeholder,
	    "User is offline. Messages cannot be sent.",
	    "Placeholder when the user has left."),
	TEXT(chat_cannot_send_message, "Cannot send message. User is offline.",
	    "Shown when a message cannot be sent."),
};

const size_t conf_options_count = COUNT_OF(conf_options);
