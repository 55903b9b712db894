/*
 * A hashed timing wheel with slots of a second. An entry lies in the slot of
 * its second modulo WHEEL_SLOTS and is passed over until its own round.
 */
#include "server/wheel.h"

static struct wheel_list *
slot_of(struct wheel *wheel, int64_t due_ms)
{
	return (&wheel->_slots[(uint64_t)(due_ms / 1000) % WHEEL_SLOTS]);
}

void
wheel_init(struct wheel *wheel, int64_t now_ms)
{
	int i;

	for (i = 0; i < WHEEL_SLOTS; i++)
		TAILQ_INIT(&wheel->_slots[i]);
	wheel->_second = now_ms / 1000;
}

void
wheel_remove(struct wheel *wheel, struct wheel_entry *entry)
{
	if (entry->_due_ms == 0)
		return;
	TAILQ_REMOVE(slot_of(wheel, entry->_due_ms), entry, _link);
	entry->_due_ms = 0;
}

void
wheel_add(struct wheel *wheel, struct wheel_entry *entry, int64_t due_ms)
{
	wheel_remove(wheel, entry);
	/* Whole seconds, rounded up: never early, and a slot is either due
	 * when its second has come, or of another round. The running second
	 * is behind us: the next one is the soonest. */
	due_ms = (due_ms + 999) / 1000 * 1000;
	if (due_ms / 1000 <= wheel->_second)
		due_ms = (wheel->_second + 1) * 1000;
	entry->_due_ms = due_ms;
	TAILQ_INSERT_TAIL(slot_of(wheel, due_ms), entry, _link);
}

/*
 * on_due may remove any entry, so no pointer to the next one is kept over the
 * call: the walk starts again from the front. What stays in front is not due:
 * entries of a later round.
 */
static void
run_slot(struct wheel *wheel, struct wheel_list *slot, int64_t until_ms,
    void (*on_due)(struct wheel_entry *, void *), void *arg)
{
	struct wheel_entry *entry;

	for (;;) {
		TAILQ_FOREACH(entry, slot, _link) {
			if (entry->_due_ms <= until_ms)
				break;
		}
		if (entry == NULL)
			return;
		wheel_remove(wheel, entry);
		on_due(entry, arg);
	}
}

void
wheel_run(struct wheel *wheel, int64_t now_ms,
    void (*on_due)(struct wheel_entry *, void *), void *arg)
{
	int64_t second = now_ms / 1000, from = wheel->_second + 1;

	if (second - from >= WHEEL_SLOTS)
		from = second - WHEEL_SLOTS + 1;
	for (; from <= second; from++) {
		wheel->_second = from;
		run_slot(wheel, slot_of(wheel, from * 1000), second * 1000,
		    on_due, arg);
	}
}
