/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel freezes the files of a session in the order in which they were
 * preserved and stops at the first that refuses. Then it unfreezes those
 * before it (luo_file_freeze(), __luo_file_unfreeze() in
 * kernel/liveupdate/luo_file.c), but vfio-pci has no unfreeze: what was frozen
 * is of no use before it is bound again. Those after it were not touched.
 * So who may refuse comes first, and costs nobody else his device.
 *
 * Devices refuse with interrupts on or asleep (vfio_pci_liveupdate_freeze() of
 * the VFIO series); a memfd never does (memfd_luo_freeze(), mm/memfd_luo.c),
 * and is not hurt by it. Sessions are frozen in the order in which they were
 * created (luo_session_serialize(), luo_session.c).
 */
#include "device.h"
#include "irqs.h"
#include "order.h"

static int risk(struct session *session, const struct member *member)
{
	const struct irqs *irqs = irqs_get(session->ctx);
	struct vlu_device *dev;
	const char *state;
	size_t n;

	if (irqs && irqs_find(irqs, member->bdf, &n))
		return 2;
	state = vlu_device_find(session->ctx, member->bdf, &dev) == 0 ?
		vlu_device_power_state(dev) : NULL;
	/* One that nobody had open may rest; it is woken when it is opened. */
	if (member->held && state && state[0] == 'D' && strcmp(state, "D0") != 0)
		return 2;
	/* At work, and it turns them on and off as it likes. */
	return session->vmm && !member->held ? 1 : 0;
}

void order_members(struct session *session)
{
	struct member member;
	size_t i, j;
	int worse;

	/* By insertion: those of equal risk stay as they were named. */
	for (i = 0; i < session->n; i++)
		session->members[i].risk = risk(session, &session->members[i]);
	for (i = 1; i < session->n; i++) {
		member = session->members[i];
		worse = member.risk;
		for (j = i; j && session->members[j - 1].risk < worse; j--)
			session->members[j] = session->members[j - 1];
		session->members[j] = member;
	}
}
