/*
 * Interned texts, in a tree ordered by the text itself: no hash that a peer
 * could aim at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/sys/tree.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "server/profile.h"

struct profile {
	RB_ENTRY(profile) link;
	const char	*p;		/* text; of a probe the caller's */
	uint32_t	 n;
	uint32_t	 refs;
	char		 text[];
};

RB_HEAD(profile_tree, profile);

struct profiles {
	struct profile_tree tree;
};

static int
profile_cmp(struct profile *a, struct profile *b)
{
	int cmp = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

	if (cmp != 0 || a->n == b->n)
		return (cmp);
	return (a->n < b->n ? -1 : 1);
}

RB_PROTOTYPE(profile_tree, profile, link, profile_cmp)
RB_GENERATE(profile_tree, profile, link, profile_cmp)

struct profiles *
profiles_new(void)
{
	struct profiles *profiles = xcalloc(1, sizeof(*profiles));

	RB_INIT(&profiles->tree);
	return (profiles);
}

void
profiles_free(struct profiles *profiles)
{
	ASSERT(RB_EMPTY(&profiles->tree));
	free(profiles);
}

struct profile *
profile_get(struct profiles *profiles, struct slice text)
{
	struct profile probe = { .p = text.p, .n = (uint32_t)text.n };
	struct profile *profile;

	ASSERT(text.p != NULL && text.n <= UINT32_MAX);
	profile = RB_FIND(profile_tree, &profiles->tree, &probe);
	if (profile == NULL) {
		profile = xcalloc(1, sizeof(*profile) + text.n);
		memcpy(profile->text, text.p, text.n);
		profile->p = profile->text;
		profile->n = (uint32_t)text.n;
		RB_INSERT(profile_tree, &profiles->tree, profile);
	}
	profile->refs++;
	return (profile);
}

void
profile_put(struct profiles *profiles, struct profile *profile)
{
	if (profile == NULL || --profile->refs != 0)
		return;
	RB_REMOVE(profile_tree, &profiles->tree, profile);
	free(profile);
}

struct slice
profile_text(const struct profile *profile)
{
	return ((struct slice){ profile->p, profile->n });
}
