/* SPDX-License-Identifier: GPL-2.0-only */
/* Adds and finds the rows of the ledger. */
#include "base/bdf.h"
#include "ledger/ledger.h"
#include "machine/device.h"

void *ledger_kept(struct ledger *ledger, void *memory)
{
	ledger->failed |= !memory;
	return memory;
}

char *ledger_print(struct ledger *ledger, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = ledger_kept(ledger, pool_vprint(&ledger->pool, fmt, args));
	va_end(args);
	return text;
}

struct entry *ledger_entry(struct ledger *ledger, const char *name)
{
	struct entry *entry;

	each_entry(entry, ledger)
		if (strcmp(entry->seen.name, name) == 0)
			return entry;
	name = ledger_print(ledger, "%s", name);
	entry = name ? ledger_add(ledger, &ledger->entries, &ledger->n) : NULL;
	if (!entry)
		entry = &ledger->spare;
	*entry = (struct entry){
		.held = VLU_DIRECTION_UNKNOWN,
		.seen = { .name = name ? name : "", .direction = VLU_DIRECTION_UNKNOWN, .holder_pid = -1,
			  .manifest = "missing" },
	};
	return entry;
}

struct vlu_member *member_at(const struct vlu_session *session, size_t i)
{
	if (i < session->n_devices)
		return (struct vlu_member *)&session->devices[i];
	i -= session->n_devices;
	return i < session->n_files ? (struct vlu_member *)&session->files[i] : NULL;
}

struct vlu_member *member_named(const struct vlu_session *session, const char *name)
{
	struct vlu_member *member;
	size_t i;

	for (i = 0; (member = member_at(session, i)); i++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

struct vlu_member *ledger_member(struct ledger *ledger, struct entry *entry, const char *name)
{
	struct vlu_session *session = &entry->seen;
	struct vlu_member *member = member_named(session, name);
	struct vlu_bdf bdf = { 0 };
	char driver[64] = "";
	bool is_file;

	if (member)
		return member;
	is_file = vlu_bdf_parse(name, &bdf) != 0;
	name = ledger_print(ledger, "%s", name);
	member = !name ? NULL : is_file ? ledger_add(ledger, &session->files, &session->n_files) :
		 ledger_add(ledger, &session->devices, &session->n_devices);
	if (!member)
		return &ledger->spare_member;
	*member = (struct vlu_member){
		.bdf = bdf, .name = name, .lent_pid = -1,
		.token = is_file ? file_token(session->name, name) : vlu_bdf_token(bdf),
		.present = is_file || device_is_present(ledger->ctx, bdf),
	};
	if (!is_file && device_driver_now(ledger->ctx, bdf, driver, sizeof(driver)) == 0 && driver[0])
		member->driver = ledger_print(ledger, "%s", driver);
	return member;
}

const struct vlu_session *ledger_find(const struct ledger *ledger, const char *name)
{
	const struct vlu_session *session;

	each_session(session, &ledger->state)
		if (strcmp(session->name, name) == 0)
			return session;
	return NULL;
}

const struct manifest *ledger_manifest(const struct ledger *ledger, const char *name)
{
	const struct entry *entry;

	each_entry(entry, ledger)
		if (strcmp(entry->manifest.session, name) == 0)
			return &entry->manifest;
	return NULL;
}

const struct vlu_member *member_of(const struct vlu_session *session, struct vlu_bdf bdf)
{
	return bdf_find(session->devices, session->n_devices, bdf);
}

bool is_held(const struct vlu_member *member)
{
	return member->sources & VLU_FROM_HOLDER;
}

bool is_not_back(const struct vlu_member *member)
{
	return !is_held(member) || member->state == VLU_MEMBER_FAILED;
}

bool has_member(const struct vlu_session *session, bool (*is)(const struct vlu_member *member))
{
	const struct vlu_member *member;
	size_t i;

	for (i = 0; (member = member_at(session, i)); i++)
		if (is(member))
			return true;
	return false;
}

bool has_held(const struct vlu_session *session)
{
	return has_member(session, is_held);
}

bool is_promised(const struct vlu_member *member)
{
	return member->sources & (VLU_FROM_PROMISE | VLU_FROM_DISK);
}

bool is_asked(const struct ledger *ledger)
{
	return ledger->state.holder == VLU_HOLDER_NONE ||
	       ledger->state.holder == VLU_HOLDER_ANSWERS;
}
