/*
 * The Lua scripts, as the build made them from src/store/lua (embed.awk), and
 * the table of them. Constant; any thread.
 */
#ifndef COLLABD_STORE_SCRIPTS_H
#define COLLABD_STORE_SCRIPTS_H

#include <stddef.h>

#include "base/compat.h"

extern const char script_announce[];
extern const char script_badges[];
extern const char script_check[];
extern const char script_commit[];
extern const char script_forget[];
extern const char script_holders[];
extern const char script_join[];
extern const char script_lease[];
extern const char script_leave[];
extern const char script_load[];
extern const char script_orphan[];
extern const char script_restore[];
extern const char script_seen[];
extern const char script_send[];
extern const char script_state[];

enum script {
	SCRIPT_ANNOUNCE,
	SCRIPT_BADGES,
	SCRIPT_CHECK,
	SCRIPT_COMMIT,
	SCRIPT_FORGET,
	SCRIPT_HOLDERS,
	SCRIPT_JOIN,
	SCRIPT_LEASE,
	SCRIPT_LEAVE,
	SCRIPT_LOAD,
	SCRIPT_ORPHAN,
	SCRIPT_RESTORE,
	SCRIPT_SEEN,
	SCRIPT_SEND,
	SCRIPT_STATE,
	SCRIPTS_N
};

#define SCRIPT_SHA_SIZE	41	/* 40 hex digits and a NUL */

/* The scripts, each with the SHA1 by which Redis knows it. The texts are
 * constant; scripts_free() frees the set. */
struct scripts {
	struct {
		const char *text;
		char	 sha[SCRIPT_SHA_SIZE];
	} v[SCRIPTS_N];
};

struct scripts *scripts_new(void) MUSTCHECK;
void	scripts_free(struct scripts *s);

#endif
