/*
 * Profiles: what is shown of users that came through other workers, as text.
 * The same text is kept once, however many rooms its user is in, and as long as
 * somebody holds it. What a text means is the caller's business. A struct
 * profiles owns them all; loop thread only.
 */
#ifndef COLLABD_SERVER_PROFILE_H
#define COLLABD_SERVER_PROFILE_H

#include "base/compat.h"
#include "base/slice.h"

struct profile;
struct profiles;

struct profiles *profiles_new(void) MUSTCHECK;
/* Every profile must have been put back. */
void	profiles_free(struct profiles *profiles);

/* The profile with this text, which is copied if it is new. Give it back with
 * profile_put(). */
struct profile *profile_get(struct profiles *profiles, struct slice text)
	    MUSTCHECK;
/* NULL is allowed. */
void	profile_put(struct profiles *profiles, struct profile *profile);
/* Borrowed; as long as the profile is held. */
struct slice profile_text(const struct profile *profile);

#endif
