/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of every session, combined from all sources. status prints it. Commands that
 * change a session read it while they hold the lock, and decide from nothing else.
 *
 * A silent source proves nothing: the kernel log wraps and its messages change, a disk may be
 * old, and an ordinary user sees less than root. An unknown state is VLU_STANDING_UNKNOWN. A
 * command that could lose something then asks the kernel or refuses.
 */
#ifndef VLU_LEDGER_LEDGER_H
#define VLU_LEDGER_LEDGER_H

#include "base/pool.h"
#include "holder/client.h"
#include "ledger/manifest.h"
#include "machine/processes.h"

/* A session, and the facts that the sources have about it. */
struct entry {
	struct vlu_session seen;
	enum vlu_direction held;	/* by the holder; VLU_DIRECTION_UNKNOWN: not held */
	bool promised;		/* has a manifest that preserve wrote in this boot */
	bool restored;		/* restore has retrieved it: /run has its manifest, made in an earlier boot */
	bool listed;		/* has a manifest of an earlier boot on the disk */
	bool stale;		/* the disk has a manifest of another live update, which is not used */
	bool logged;		/* has devices that only the kernel reported */
	bool named;		/* is on this kernel's command line */
	bool opened;		/* is open in a process that is not the holder */
	struct manifest manifest; /* manifest.session is "" if there was none to use */
	char settled[32];	/* the word that settle() wrote in this boot, or "" */
};

struct ledger {
	struct pool pool;	/* owns all memory of the ledger */
	struct vlu_ctx *ctx;
	struct vlu_state state;
	struct held held;
	bool off;		/* this kernel does no live updates, so it ignored the handover */
	size_t n;
	struct entry *entries;
	/* Memory ran out, so ledger_read() will fail. Until it does, a spare is used for each new row. */
	bool failed;
	struct entry spare;
	struct vlu_member spare_member;
};

#define each_entry(entry, ledger) \
	for ((entry) = (ledger)->entries; (entry) < (ledger)->entries + (ledger)->n; (entry)++)
#define each_session(session, state) \
	for ((session) = (state)->sessions; (session) < (state)->sessions + (state)->n_sessions; \
	     (session)++)

/*
 * Reads all sources. usual: the name of the session to which handed-over devices are added if no
 * source names their session. incoming: the n devices that the kernel has received; n == 0: those that
 * its log names.
 */
int ledger_read(struct vlu_ctx *ctx, const char *usual, const struct vlu_bdf *incoming,
		size_t n, struct ledger **ret_ledger) must_check;
/* Has the kernel log lost its beginning? ledger_read() then needs its parameter `incoming`. */
bool ledger_has_gap(struct vlu_ctx *ctx);
void ledger_free(struct ledger *ledger);
/* Returns a cached ledger, for callers that ask about many devices. NULL: out of memory. */
const struct ledger *ledger_look(struct vlu_ctx *ctx);
/* Returns NULL for an unknown session. */
const struct vlu_session *ledger_find(const struct ledger *ledger, const char *name);
/* Returns a session's manifest: the one in /run, else the one of this live update on the disk, else NULL. */
const struct manifest *ledger_manifest(const struct ledger *ledger, const char *name);
/*
 * Returns the i-th open file of this vfio device, or of any if bdf is NULL. Does not count files
 * that the holder, the service manager or vfio-lu itself has open.
 */
const struct proc_file *ledger_user(const struct ledger *ledger, const struct vlu_bdf *bdf,
				    size_t i);
/*
 * Returns the kernel's report about a device that is in no known session, or in a lost one.
 * VLU_OUTGOING: another program preserved the device. VLU_INCOMING: the device was handed over and
 * is not finished. VLU_DIRECTION_UNKNOWN: the kernel reports nothing.
 */
enum vlu_direction ledger_device(const struct ledger *ledger, struct vlu_bdf bdf);
/*
 * Always fails, and says that the previous kernel handed over the device. lost is the lost session
 * that has it; NULL: no known session has it. done: what cannot be done with the device, "bound" or "preserved".
 */
int ledger_stranded(const struct ledger *ledger, struct vlu_bdf bdf, const struct vlu_session *lost,
		    const char *done) must_check;
/*
 * Is the session from the previous kernel and still to be ended? A session that was abandoned or
 * lost needs no end, nor does a finished one of which the holder has no files.
 */
bool is_unfinished(const struct vlu_session *session);
/* Was the session made for the next kernel, and does the holder lack a part of it? kexec refuses then. */
bool is_broken(const struct vlu_session *session);
/* Returns the i-th member, devices before files. NULL: there are no more. */
struct vlu_member *member_at(const struct vlu_session *session, size_t i);
const struct vlu_member *member_of(const struct vlu_session *session, struct vlu_bdf bdf);
struct vlu_member *member_named(const struct vlu_session *session, const char *name);
bool is_held(const struct vlu_member *member);
/* Is the member not retrieved, so that finish refuses? One with VLU_MEMBER_MISMATCH is retrieved. */
bool is_not_back(const struct vlu_member *member);
/* Is this true of any member? */
bool has_member(const struct vlu_session *session, bool (*is)(const struct vlu_member *member));
bool has_held(const struct vlu_session *session);
/* Does a manifest say that the member was preserved? */
bool is_promised(const struct vlu_member *member);
/* Is it known which files are held? It is if the holder answered, or if there is no holder. */
bool is_asked(const struct ledger *ledger);
/* Fails if it is not known which files the holder has. */
int ledger_known(const struct ledger *ledger) must_check;
/* If there is a next command, adds "; first: COMMAND" to the failure. Returns its errno. */
int session_first(struct vlu_ctx *ctx, const struct vlu_session *session);
/*
 * Always fails, and says that the session of the previous kernel is not finished. so: a text
 * to append that begins with "; ", or "".
 */
int session_unfinished(struct vlu_ctx *ctx, const struct vlu_session *session,
		       const char *so) must_check;
/* Always fails, and says that there is no session of this name, and which sessions exist. */
int ledger_no_session(const struct ledger *ledger, const char *name) must_check;

/*
 * Notes in /run how a session of the previous kernel ended. Without the note it would look
 * unfinished, since the command line names it until the next kexec. The parameter word is
 * "finished", or the reason why the session can never be finished: "abandoned", "absent", "closed".
 */
int settle(struct vlu_ctx *ctx, const char *session, const char *word) must_check;
/* Did settle() note this word about the session in this boot? */
bool session_is_settled(struct vlu_ctx *ctx, const char *session, const char *word);

/* The steps of ledger_read(), in their order. */
void ledger_sources(struct ledger *ledger, const struct vlu_bdf *incoming, size_t n,
		    const char *usual);
/* Sets the standing. Returns false if the session is over, so that there is nothing to report. */
bool ledger_decide(struct ledger *ledger, struct entry *entry);
/* Reads which image vfio-lu has loaded (loaded-image.c). Needs the directions of the sessions. */
void ledger_image(struct ledger *ledger);
void ledger_next(struct ledger *ledger, struct entry *entry);

/* For the sources: these find a row or add it, and never return NULL. */
struct entry *ledger_entry(struct ledger *ledger, const char *name);
struct vlu_member *ledger_member(struct ledger *ledger, struct entry *entry, const char *name);
/* Adds a row. Returns NULL and marks the ledger as failed if out of memory. */
#define ledger_add(ledger, array, n) ledger_kept((ledger), pool_add(&(ledger)->pool, (array), (n)))
void *ledger_kept(struct ledger *ledger, void *memory);
char *ledger_print(struct ledger *ledger, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
