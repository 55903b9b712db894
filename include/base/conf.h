/*
 * The settings. One table (src/base/conf_table.c) holds name, type, bounds,
 * default, flags, environment names and help of each; everything else (the
 * parser, -T, the checks of the man page and of etc/collabd.conf) reads it.
 *
 * A struct conf owns all its strings; conf_fini() frees them and wipes the
 * secrets. It is filled before the workers are forked and read-only
 * afterwards, from any thread. Order: default, file, environment, -o.
 */
#ifndef COLLABD_BASE_CONF_H
#define COLLABD_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"

/* A list of strings; n may be 0. */
struct conf_list {
	char	**v;
	size_t	  n;
};

enum conf_session_engine {
	SESSION_DB, SESSION_CACHED_DB, SESSION_SIGNED_COOKIES
};
enum conf_id_type { USER_ID_INTEGER, USER_ID_UUID, USER_ID_TEXT };
enum conf_origin { ORIGIN_STRICT, ORIGIN_CHANNELS };
enum conf_permission { PERMISSION_MODEL, PERMISSION_STAFF };
enum conf_guard { SAVE_GUARD_OFF, SAVE_GUARD_REPORT, SAVE_GUARD_ENFORCE };
enum conf_save_check { SAVE_CHECK_ON, SAVE_CHECK_LOG, SAVE_CHECK_OFF };
enum conf_legacy { LEGACY_OFF, LEGACY_DJANGO_32 };

struct conf {
	/* the process */
	struct conf_list listen;
	struct conf_list metrics_listen;
	int64_t	 workers;			/* 0: one for each core */
	char	*user;
	char	*log_file;
	int64_t	 log_level;			/* enum log_level */
	char	*runtime_dir;
	int64_t	 drain_time_ms;
	int64_t	 shutdown_timeout_ms;
	int64_t	 shm_rooms;

	/* the site */
	char	*websocket_prefix;
	char	*admin_url;
	char	*media_url;
	struct conf_list allowed_origins;
	struct conf_list allowed_hosts;
	struct conf_list trusted_proxies;
	int64_t	 origin;			/* enum conf_origin */
	struct conf_list room_alias;		/* "app.model=app.model" */
	int64_t	 permission;			/* enum conf_permission */

	/* sessions and users */
	char	*secret_key;
	char	*secret_key_file;
	struct conf_list secret_key_fallbacks;
	char	*secret_key_fallbacks_file;
	int64_t	 django_legacy;			/* enum conf_legacy */
	char	*session_cookie_name;
	int64_t	 session_engine;		/* enum conf_session_engine */
	char	*session_salt;
	int64_t	 session_cookie_age_ms;
	struct conf_list auth_backends;

	/* the database */
	char	*database_url;
	char	*database_schema;
	char	*session_table;
	char	*user_table;
	char	*user_id_column;
	int64_t	 user_id_type;			/* enum conf_id_type */
	char	*user_username_column;
	struct conf_list user_name_columns;
	char	*user_email_column;
	char	*user_password_column;
	char	*user_is_active_column;
	char	*user_is_staff_column;
	char	*user_is_superuser_column;
	char	*avatar_field;
	char	*user_groups_table;
	char	*user_groups_user_column;
	char	*user_groups_group_column;
	char	*user_permissions_table;
	char	*user_permissions_user_column;
	char	*user_permissions_permission_column;
	char	*admin_log_table;
	int64_t	 save_poll_interval_ms;		/* 0: off */

	/* authorization */
	int64_t	 auth_max_connections;
	int64_t	 auth_threads;
	int64_t	 auth_queue_max;
	int64_t	 auth_timeout_ms;
	bool	 auth_reuse;
	int64_t	 reauth_interval_ms;
	int64_t	 reauth_grace_ms;

	/* Redis */
	char	*redis_url;
	char	*redis_prefix;
	char	*redis_server;
	bool	 redis_tls_verify;
	char	*redis_tls_ca_file;
	int64_t	 redis_max_retries;
	int64_t	 redis_retry_delay_ms;
	int64_t	 redis_socket_timeout_ms;
	int64_t	 redis_max_connections;

	/* rooms */
	int64_t	 heartbeat_timeout_ms;
	int64_t	 redis_settle_time_ms;
	int64_t	 reclaim_grace_ms;
	int64_t	 leave_grace_ms;
	int64_t	 save_settle_ms;		/* 0: off */
	int64_t	 save_check;			/* enum conf_save_check */
	int64_t	 save_check_timeout_ms;
	int64_t	 handover_countdown_ms;
	int64_t	 handover_hold_ms;
	int64_t	 offer_time_ms;
	int64_t	 save_guard;			/* enum conf_guard */
	int64_t	 save_guard_timeout_ms;
	char	*take_over_permission;
	char	*audit_log;
	int64_t	 notification_request_interval_ms;
	int64_t	 chat_message_max;
	bool	 enable_chat;
	bool	 echo_room;

	/* limits */
	int64_t	 max_connections;
	int64_t	 max_connections_per_user;
	int64_t	 max_connections_per_address;
	int64_t	 max_message_size;
	int64_t	 max_handshakes;
	int64_t	 handshake_timeout_ms;
	int64_t	 message_rate;
	int64_t	 message_burst;
	int64_t	 user_message_rate;
	int64_t	 user_message_burst;
	int64_t	 send_queue_max;
	int64_t	 send_queue_age_ms;
	int64_t	 ping_interval_ms;

	/* texts, for the browser client */
	char	*editor_mode_text;
	char	*viewer_mode_text;
	char	*claiming_editor_text;
	char	*notification_message;
	char	*notification_button_text;
	char	*notification_request_sent_text;
	char	*chat_user_list_title;
	char	*chat_empty_state_text;
	char	*chat_start_conversation_text;
	char	*chat_input_placeholder;
	char	*chat_online_status_text;
	char	*chat_offline_status_text;
	char	*chat_offline_placeholder;
	char	*chat_cannot_send_message;
};

enum conf_type {
	CONF_BOOL,	/* on/off, yes/no, true/false, 1/0 */
	CONF_INT,
	CONF_SIZE,	/* bytes; k and m are taken */
	CONF_SECONDS,	/* decimal seconds in the text, milliseconds in memory */
	CONF_STRING,
	CONF_LIST,	/* items split at white space and commas; repeated
			 * lines of one file add up */
	CONF_ENUM,
};

#define CONF_SECRET	0x01	/* never shown: not by -T, not in an error */
#define CONF_RESTART	0x02	/* read at start only; a reload warns */
#define CONF_TEXT	0x04	/* a text of the browser client; a string */

struct conf_option {
	const char	*name;
	enum conf_type	 type;
	unsigned	 flags;
	size_t		 offset;	/* of the field in struct conf */
	int64_t		 min, max;	/* of the value in memory, where numeric */
	const char	*def;		/* default, as text */
	const char *const *names;	/* CONF_ENUM: NULL-terminated, by value */
	const char	*env;		/* a further environment name, or NULL */
	const char	*help;		/* one sentence */
};

extern const struct conf_option conf_options[];
extern const size_t conf_options_count;

/* Sets every field to its default. The struct may hold anything before. */
void	conf_init(struct conf *conf);
void	conf_fini(struct conf *conf);
/* Frees what conf held and moves from's content there; from is empty then. */
void	conf_move(struct conf *conf, struct conf *from);

/*
 * The four sources. Each returns false on the first thing wrong and adds a
 * sentence to err ("file:12: workers: ..."), with the value (unless secret)
 * and what is allowed.
 */
bool	conf_set(struct conf *conf, const char *name, const char *value,
	    struct buf *err) MUSTCHECK;
bool	conf_load_file(struct conf *conf, const char *path, struct buf *err)
	    MUSTCHECK;
/* Text as if read from a file called name; for conf_load_file and the fuzzer. */
bool	conf_load_text(struct conf *conf, const char *name, const char *text,
	    size_t n, struct buf *err) MUSTCHECK;
bool	conf_load_env(struct conf *conf, struct buf *err) MUSTCHECK;
/*
 * Overwrites in place the environment variables that may hold a secret, so
 * that /proc/<pid>/environ no longer shows them, and unsets them. Their values
 * are kept on the heap for a later conf_load_env() (a reload). main() only.
 */
void	conf_scrub_env(void);

/*
 * What no single setting can tell: reads the key files, checks settings
 * against each other. False with sentences in err.
 */
bool	conf_finish(struct conf *conf, struct buf *err) MUSTCHECK;
/* Appends every setting as `name = value`, secrets as ********. */
void	conf_dump(const struct conf *conf, struct buf *out);
/* Gives conf the CONF_RESTART values of old: what a reload cannot change. */
void	conf_keep_restart(struct conf *conf, const struct conf *old);
/* Names of CONF_RESTART settings that differ, separated by spaces. */
void	conf_diff_restart(const struct conf *a, const struct conf *b,
	    struct buf *out);

#endif
