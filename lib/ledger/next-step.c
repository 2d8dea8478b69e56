/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the next command for a session, and the obstacles to it. */
#include "holder/service.h"
#include "ledger/ledger.h"
#include "machine/kexec-state.h"

struct words {
	struct ledger *ledger;
	const char **at;
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct words *words, const char *fmt, ...)
{
	struct ledger *ledger = words->ledger;
	const char **word = ledger_add(ledger, &words->at, &words->n);
	va_list args;

	if (!word)
		return;
	va_start(args, fmt);
	*word = ledger_kept(ledger, pool_vprint(&ledger->pool, fmt, args));
	va_end(args);
}

/* Ends the words with NULL. Returns NULL if there are no words. */
static const char *const *end(struct words *words)
{
	return words->at && ledger_add(words->ledger, &words->at, &words->n) ? words->at : NULL;
}

/* Adds the words of a command, with the session's name if it needs one; the last argument is NULL. */
static void __attribute__((sentinel))
command(struct words *words, const struct vlu_session *session, const char *verb, ...)
{
	const char *word;
	va_list args;

	add(words, "vfio-lu");
	add(words, "%s", verb);
	/* load and kexec act on all sessions */
	if (strcmp(verb, "load") != 0 && strcmp(verb, "kexec") != 0 &&
	    strcmp(session->name, VLU_SESSION) != 0) {
		add(words, "--session");
		add(words, "%s", session->name);
	}
	va_start(args, verb);
	while ((word = va_arg(args, const char *)))
		add(words, "%s", word);
	va_end(args);
}

/* Lists the reasons for which kexec refuses: the standings of sessions, and processes with open devices. */
static void before_kexec(const struct ledger *ledger, struct words *blocked)
{
	const struct proc_file *user;
	const struct entry *entry;
	char name[VLU_BDF_SIZE];
	size_t i;

	each_entry(entry, ledger) {
		if (is_unfinished(&entry->seen))
			add(blocked, "session %s of the previous kernel is not finished",
			    entry->seen.name);
		else if (is_broken(&entry->seen))
			add(blocked, "session %s is %s", entry->seen.name,
			    vlu_standing_word(entry->seen.standing));
	}
	for (i = 0; (user = ledger_user(ledger, NULL, i)); i++)
		add(blocked, "process %d (%s) has %s open: end it", (int)user->pid, user->comm,
		    vlu_bdf_format(user->bdf, name));
}

/* kexec loads the image again, and refuses an image that vfio-lu has not loaded. */
static bool can_kexec(const struct ledger *ledger)
{
	const struct vlu_loaded *loaded = ledger->state.loaded;

	return loaded ? !loaded->missing : ledger->state.kexec_loaded == VLU_YES &&
					   kexec_is_loaded_by_us(ledger->ctx) == VLU_DONT_KNOW;
}

static void after_held(const struct ledger *ledger, const struct vlu_session *session,
		       struct words *next, struct words *blocked)
{
	if (can_kexec(ledger)) {
		command(next, session, "kexec", NULL);
		before_kexec(ledger, blocked);
	} else {
		command(next, session, "load", "KERNEL", NULL);
	}
}

/* Does a VMM have a device of the session open? Sets pid, the id of its process. */
static bool has_vmm(const struct ledger *ledger, const struct vlu_session *session, char pid[16])
{
	const struct proc_file *user = NULL;
	size_t i;

	for (i = 0; !user && i < session->n_devices; i++)
		user = ledger_user(ledger, &session->devices[i].bdf, 0);
	if (user)
		snprintf(pid, 16, "%d", (int)user->pid);
	return user;
}

/*
 * Suggests to preserve all devices, which keeps what the holder has and opens the rest. If a device
 * is absent, suggests to release it and the devices that are not held. If no device would be left, or
 * a file is gone, which only a VMM could give again, suggests to release all.
 */
static void again(const struct ledger *ledger, const struct vlu_session *session, struct words *next)
{
	bool absent = false, gone = false, held = true;
	const struct vlu_member *member;
	char pid[16];
	size_t i;

	for (i = 0; (member = member_at(session, i)); i++) {
		absent |= !member->present;
		gone |= i >= session->n_devices && !is_held(member);
		held &= is_held(member);
	}
	if (!session->n_devices || gone || (absent && !has_held(session))) {
		command(next, session, "release", NULL);
		return;
	}
	/* devices that a VMM has open are preserved with --pid */
	if (held && !absent && has_vmm(ledger, session, pid)) {
		command(next, session, "preserve", "--pid", pid, NULL);
		return;
	}
	command(next, session, absent ? "release" : "preserve", NULL);
	for (i = 0, member = session->devices; i < session->n_devices; i++, member++)
		if (!absent || !member->present || !is_held(member))
			add(next, "%s", member->name);
}

struct numbers {
	size_t missing, lent, free, bound;	/* devices; free: no running process has them */
	size_t memory, left;	/* retrieved files that were never lent; files whose borrower has ended */
};

static struct numbers numbers(const struct vlu_session *session)
{
	const struct vlu_member *member;
	struct numbers n = { 0 };
	size_t i;

	for (i = 0; (member = member_at(session, i)); i++) {
		if (i >= session->n_devices) {
			n.memory += member->state == VLU_MEMBER_RETRIEVED && !member->was_lent;
			n.left += member->was_lent && member->lent_pid < 0;
			continue;
		}
		n.missing += member->state == VLU_MEMBER_MISSING && member->present;
		n.lent += member->lent_pid >= 0;
		n.bound += member->state == VLU_MEMBER_BOUND;
		n.free += member->state == VLU_MEMBER_RETRIEVED && member->lent_pid < 0;
	}
	return n;
}

static void after_restored(const struct vlu_session *session, struct words *next)
{
	struct numbers n = numbers(session);
	size_t i;

	/*
	 * A new VMM gets the files that were taken from the previous one. If the new VMM has ended,
	 * it may have failed to start, so yet another may get them, unless the devices are bound.
	 */
	if (n.memory || (!n.lent && !n.bound && ((session->command && n.free) || n.left))) {
		command(next, session, "run", "--", "COMMAND", NULL);
	} else {
		command(next, session, "finish", n.lent ? "--wait" : NULL, NULL);
		/* give up the memory of a VMM that had bound the devices and has ended */
		for (i = 0; i < session->n_files; i++)
			if (session->files[i].was_lent && session->files[i].lent_pid < 0) {
				add(next, "--discard");
				add(next, "%s", session->files[i].name);
			}
	}
}

static void after_partly(const struct vlu_session *session, struct words *next,
			 struct words *blocked)
{
	struct numbers n = numbers(session);

	if (!session->n_devices && !session->n_files) {
		command(next, session, "restore", NULL);
		add(blocked, "none of its devices is bound to vfio-pci: vfio-lu bind BDF...");
	} else if (n.missing) {
		command(next, session, "restore", NULL);
	} else if (!has_member(session, is_not_back)) {
		after_restored(session, next);
	} else if (n.free || n.memory || (n.left && !n.lent && !n.bound)) {
		command(next, session, "run", "--", "COMMAND", NULL);
	} else {
		command(next, session, "release", "--abandon", NULL);
	}
}

void ledger_next(struct ledger *ledger, struct entry *entry)
{
	struct words next = { .ledger = ledger }, blocked = next;
	struct vlu_session *session = &entry->seen;

	/* another program has the session */
	if (session->direction == VLU_DIRECTION_UNKNOWN)
		return;
	switch (session->standing) {
	case VLU_STANDING_HELD:
		after_held(ledger, session, &next, &blocked);
		break;
	case VLU_STANDING_INCOMPLETE:
		again(ledger, session, &next);
		break;
	case VLU_STANDING_WAITING:
		command(&next, session, "restore", NULL);
		break;
	case VLU_STANDING_RESTORED:
		after_restored(session, &next);
		break;
	case VLU_STANDING_PARTLY_RESTORED:
		after_partly(session, &next, &blocked);
		break;
	case VLU_STANDING_FINISHED:
		command(&next, session, "finish", NULL);
		break;
	case VLU_STANDING_LOST:
		if (session->direction == VLU_OUTGOING)
			again(ledger, session, &next);
		else
			command(&next, session, "release", entry->restored || entry->settled[0] ?
				"--abandon" : NULL, NULL);
		break;
	case VLU_STANDING_UNKNOWN:
		if (session->direction == VLU_INCOMING && is_asked(ledger)) {
			command(&next, session, "restore", NULL);
		} else if (ledger->state.holder_detail) {
			add(&blocked, "%s", ledger->state.holder_detail);
		} else if (session->holder_pid == 1) {
			/* systemd gives the files in its store to the service when it starts */
			add(&next, "systemctl");
			add(&next, "start");
			add(&next, SERVICE_UNIT);
		} else if (session->holder_pid >= 0) {
			add(&blocked, "process %d has the session and cannot be asked: end that process",
			    (int)session->holder_pid);
		}
		break;
	}
	session->next = end(&next);
	session->blocked_by = end(&blocked);
}
