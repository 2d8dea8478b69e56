/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the facts of each source about sessions, devices and files. */
#include "formats/cmdline.h"
#include "base/attr.h"
#include "base/bdf.h"
#include "ledger/borrower.h"
#include "ledger/ledger.h"
#include "holder/service.h"
#include "machine/device.h"
#include "machine/kernel.h"
#include "machine/kernel-log.h"

/* ---------------------------------------------------------- command line */

/* Is this the number of a live update other than the one that led to this kernel? */
static bool is_of_another(const struct ledger *ledger, int64_t number)
{
	return number >= 0 && ledger->state.liveupdate_number >= 0 &&
	       number != ledger->state.liveupdate_number;
}

/* Is it the line of an earlier live update? A kexec by another tool may keep the command line. */
static bool is_taken_over(const struct ledger *ledger, const char *line)
{
	char value[24];

	return cmdline_get(line, UPDATE_WORD, value, sizeof(value)) &&
	       *value && !value[strspn(value, "0123456789")] &&
	       is_of_another(ledger, strtoll(value, NULL, 10));
}

static void from_cmdline(struct ledger *ledger)
{
	char value[4096], line[8192], *name, *save = NULL;
	struct entry *entry;

	if (attr_read(ledger->ctx, line, sizeof(line), "/proc/cmdline") < 0) {
		ledger->state.complete = false;
		return;
	}
	ledger->off = !cmdline_get(line, "liveupdate", value, sizeof(value)) ||
		      kernel_bool(value) == VLU_NO;
	if (!cmdline_get(line, SESSION_WORD, value, sizeof(value)) || is_taken_over(ledger, line))
		return;
	ledger->state.named = true;
	for (name = strtok_r(value, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (!is_session_name(name))
			continue;
		entry = ledger_entry(ledger, name);
		entry->named = true;
		entry->seen.sources |= VLU_FROM_CMDLINE;
	}
}

/* ------------------------------------------------------------ the holder */

static enum vlu_member_state held_state(const char *value)
{
	enum vlu_member_state state;
	char word[32];

	for (state = VLU_MEMBER_PRESERVED; state <= VLU_MEMBER_MISMATCH; state++) {
		snprintf(word, sizeof(word), "state=%s", vlu_member_word(state));
		if (held_has_word(value, word))
			return state;
	}
	return VLU_MEMBER_MISSING;	/* open, but never put into the session */
}

static void take_held(struct ledger *ledger, struct vlu_member *member, const char *value)
{
	struct borrower borrower;

	member->sources |= VLU_FROM_HOLDER;
	member->state = held_state(value);
	member->was_lent = strstr(value, "lent=");
	if (!borrower_find(ledger->ctx, value, &borrower))
		return;
	member->lent_pid = borrower.pid;
	member->lent_command = ledger_print(ledger, "%s", borrower.comm);
	member->detail = ledger_print(ledger, "lent to process %d (%s)", (int)borrower.pid,
				      borrower.comm);
}

static void held_item(struct ledger *ledger, const struct held_item *item)
{
	char name[64], file[FILE_NAME];
	struct entry *entry;

	if (strncmp(item->key, "session/", 8) == 0) {
		entry = ledger_entry(ledger, item->key + 8);
		entry->seen.holder_pid = ledger->held.pid;
		entry->held = held_has_word(item->value, "direction=incoming") ? VLU_INCOMING :
			      VLU_OUTGOING;
	} else if (held_member(item->key, name, file)) {
		entry = ledger_entry(ledger, name);
		take_held(ledger, ledger_member(ledger, entry, file), item->value);
	} else {
		return;
	}
	entry->seen.sources |= VLU_FROM_HOLDER;
}

static void from_holder(struct ledger *ledger)
{
	struct vlu_state *state = &ledger->state;
	size_t i;

	if (held_read(ledger->ctx, &ledger->held))
		vlu_log(ledger->ctx, VLU_LOG_DEBUG, "%s", vlu_error(ledger->ctx));
	state->holder = ledger->held.found;
	state->holder_pid = ledger->held.pid;
	if (state->holder == VLU_HOLDER_ANSWERS)
		state->holder_managed_by = service_of(ledger->ctx, ledger->held.pid) ==
					   SERVICE_OURS ? "systemd" : "vfio-lu";
	if (!is_asked(ledger)) {
		state->complete = false;
		state->holder_detail = state->holder == VLU_HOLDER_UNSEEN ?
				       "the holder and its sessions can be seen by root only" :
				       ledger_print(ledger, "%s", vlu_error(ledger->ctx));
	}
	for (i = 0; i < ledger->held.n; i++)
		held_item(ledger, &ledger->held.items[i]);
}

/* --------------------------------------------------------- the manifests */

struct reading {
	struct ledger *ledger;
	const char *dir;
};

/*
 * Adds the members of a manifest. The manifest in /run is written first, so the copy on the disk
 * may be older; members that only the copy has are not added.
 */
static void take_listed(struct ledger *ledger, struct entry *entry, const struct manifest *manifest,
			unsigned int source)
{
	bool is_copy = source == VLU_FROM_DISK && entry->seen.sources & VLU_FROM_PROMISE;
	char name[FILE_NAME];
	size_t i;

	for (i = 0; manifest_name(manifest, i, name); i++)
		if (!is_copy || member_named(&entry->seen, name))
			ledger_member(ledger, entry, name)->sources |= source;
}

static int take_manifest(void *arg, const char *file)
{
	struct reading *reading = arg;
	struct ledger *ledger = reading->ledger;
	bool in_run = strcmp(reading->dir, RUN_DIR) == 0, ours;
	unsigned int source = in_run ? VLU_FROM_PROMISE : VLU_FROM_DISK;
	struct manifest manifest;
	struct vlu_session *seen;
	struct entry *entry;
	char name[64];

	if (!manifest_session(file, name))
		return 0;
	entry = ledger_entry(ledger, name);
	seen = &entry->seen;
	if (manifest_read(ledger->ctx, reading->dir, name, &manifest)) {
		if (strcmp(seen->manifest, "ok") != 0)
			seen->manifest = "invalid";
		if (!seen->detail)
			seen->detail = ledger_print(ledger, "%s", vlu_error(ledger->ctx));
		return 0;
	}
	ours = strcmp(manifest.boot_id, ledger->state.boot_id) == 0;
	if (!in_run && !ours && ledger->state.kho_boot != VLU_NO &&
	    is_of_another(ledger, manifest.liveupdate_number)) {
		/* This live update may have no session of this name, or one with other devices. */
		entry->stale = true;
		manifest_free(&manifest);
		return 0;
	}
	seen->sources |= source;
	seen->manifest = "ok";
	if (ours)
		entry->promised = true;
	else if (in_run)
		entry->restored = true;
	else
		entry->listed = true;
	take_listed(ledger, entry, &manifest, source);
	if (entry->manifest.session[0]) {
		manifest_free(&manifest);
		return 0;
	}
	entry->manifest = manifest;
	strcpy(seen->created, manifest.created);
	seen->command = manifest.command;
	return 0;
}

static void from_manifests(struct ledger *ledger, const char *dir)
{
	struct reading reading = { ledger, dir };
	int ret = attr_each(ledger->ctx, dir, take_manifest, &reading);

	if (ret < 0 && ret != -ENOENT) {
		ledger->state.complete = false;
		vlu_log(ledger->ctx, VLU_LOG_DEBUG, "%s: %s", dir, strerror(-ret));
	}
}

/* --------------------------------------------------------- the processes */

/* Finds sessions that a process other than the holder, such as systemd, has open. */
static void from_processes(struct ledger *ledger)
{
	const struct procs *procs = ledger_kept(ledger, (void *)procs_get(ledger->ctx));
	const struct proc_file *files;
	struct entry *entry;
	size_t i, n = 0;

	if (!procs)
		return;
	if (!procs->complete)
		ledger->state.complete = false;
	files = procs_kind(procs, PROC_SESSION, &n);
	for (i = 0; i < n; i++) {
		entry = ledger_entry(ledger, files[i].name);
		entry->seen.sources |= VLU_FROM_PROCESSES;
		if (entry->seen.holder_pid >= 0)
			continue;
		entry->opened = true;
		entry->seen.holder_pid = files[i].pid;
		if (!entry->seen.detail)
			entry->seen.detail = ledger_print(ledger, "process %d (%s) has it open%s",
							  (int)files[i].pid, files[i].comm,
							  files[i].pid == 1 ?
							  " and gives it to vfio-lu.service" : "");
	}
}

/* ---------------------------------------------------------- the kernel */

static bool is_known(const struct ledger *ledger, struct vlu_bdf bdf)
{
	const struct entry *entry;

	each_entry(entry, ledger)
		if (member_of(&entry->seen, bdf))
			return true;
	return false;
}

/*
 * Chooses the session of a device that no source assigns to a session: the usual one if the command
 * line names none; else the one that is named and whose devices are unknown, or NULL if there are
 * several of these, or none.
 */
static struct entry *nameless(struct ledger *ledger, const char *usual)
{
	struct entry *entry, *found = NULL;
	size_t n = 0;

	each_entry(entry, ledger)
		if (entry->named && entry->held == VLU_DIRECTION_UNKNOWN &&
		    strcmp(entry->seen.manifest, "ok") != 0) {
			found = entry;
			n++;
		}
	if (n)
		return n == 1 ? found : NULL;
	return ledger->state.named ? NULL : ledger_entry(ledger, usual);
}

/* Finds handed-over devices that neither the holder nor a manifest names. */
static void from_kernel(struct ledger *ledger, const char *usual)
{
	const struct vlu_state *state = &ledger->state;
	char name[VLU_BDF_SIZE];
	struct vlu_device *dev;
	struct entry *entry;
	size_t i;

	for (i = 0; i < state->n_incoming; i++) {
		if (is_known(ledger, state->incoming[i]) ||
		    device_find(ledger->ctx, state->incoming[i], OF_ALL, &dev) ||
		    dev->kind == VLU_BRIDGE)
			continue;
		entry = nameless(ledger, usual);
		/* a valid manifest lists all devices of its session */
		if (!entry || entry->held != VLU_DIRECTION_UNKNOWN || entry->promised ||
		    strcmp(entry->seen.manifest, "ok") == 0)
			continue;
		if (!entry->named && !entry->seen.detail)
			entry->seen.detail = "its name is the default, since no manifest names it";
		vlu_bdf_format(state->incoming[i], name);
		ledger_member(ledger, entry, name)->sources |= VLU_FROM_LOG;
		entry->seen.sources |= VLU_FROM_LOG;
		entry->logged = true;
	}
}

bool ledger_has_gap(struct vlu_ctx *ctx)
{
	const struct klog *log = klog_get(ctx);

	return log && (log->error || !log->whole) && host_is_kho_boot(ctx) == VLU_YES;
}

enum vlu_direction ledger_device(const struct ledger *ledger, struct vlu_bdf bdf)
{
	if (klog_is_outgoing(ledger->ctx, bdf) == VLU_YES)
		return VLU_OUTGOING;
	return bdf_find(ledger->state.incoming, ledger->state.n_incoming, bdf) ? VLU_INCOMING :
	       VLU_DIRECTION_UNKNOWN;
}

static void take_incoming(struct ledger *ledger, const struct vlu_bdf *incoming, size_t n)
{
	const struct klog *log = klog_get(ledger->ctx);
	struct vlu_state *state = &ledger->state;

	if (!log)
		return;
	state->incoming_known = n ? VLU_YES : log->error ? VLU_NO :
				log->whole ? VLU_YES : VLU_DONT_KNOW;
	if (!n) {
		incoming = log->incoming;
		n = log->n_incoming;
	}
	state->incoming = ledger_kept(ledger, pool_copy(&ledger->pool, incoming, n * sizeof(*incoming)));
	state->n_incoming = state->incoming ? n : 0;
}

/* -------------------------------------------------------------- settled */

int settle(struct vlu_ctx *ctx, const char *session, const char *word)
{
	char name[80];

	snprintf(name, sizeof(name), "%s.settled", session);
	return state_write(ctx, RUN_DIR, name, word);
}

/* Reads the word of settle(), or "". */
static void read_settled(struct vlu_ctx *ctx, const char *session, char word[32])
{
	if (attr_read(ctx, word, 32, RUN_DIR "/%s.settled", session) < 0)
		word[0] = '\0';
}

bool session_is_settled(struct vlu_ctx *ctx, const char *session, const char *word)
{
	char text[32];

	read_settled(ctx, session, text);
	return strcmp(text, word) == 0;
}

void ledger_sources(struct ledger *ledger, const struct vlu_bdf *incoming, size_t n,
		    const char *usual)
{
	struct entry *entry;

	from_cmdline(ledger);
	from_holder(ledger);
	from_manifests(ledger, RUN_DIR);
	from_manifests(ledger, STATE_DIR);
	from_processes(ledger);
	take_incoming(ledger, incoming, n);
	from_kernel(ledger, usual);
	each_entry(entry, ledger)
		read_settled(ledger->ctx, entry->seen.name, entry->settled);
}
