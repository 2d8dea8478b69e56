/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "machine/device.h"
#include "machine/interrupts.h"
#include "session/session.h"

/*
 * The kernel freezes the files of a session in the order in which they were preserved and stops at
 * the first file that refuses. Then it unfreezes the files before that one (luo_file_freeze(),
 * __luo_file_unfreeze() in kernel/liveupdate/luo_file.c), but vfio-pci has no unfreeze: a frozen
 * device is unusable until it is bound again. So devices that may refuse are preserved first, and
 * their refusal harms no other device.
 *
 * A device refuses if its interrupts are enabled or it is not in D0 (vfio_pci_liveupdate_freeze()
 * of the VFIO series). A memfd never refuses, and freezing does not harm it (memfd_luo_freeze(),
 * mm/memfd_luo.c). Sessions are frozen in the order in which they were created
 * (luo_session_serialize(), luo_session.c).
 */
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
	/* Only a held device counts: another one may sleep now, and the open will wake it. */
	if (member->held && state && state[0] == 'D' && strcmp(state, "D0") != 0)
		return 2;
	/* The VMM uses the device, so it may enable interrupts at any time. */
	return session->vmm && !member->held ? 1 : 0;
}

void order_members(struct session *session)
{
	struct member *members = session->members, member;
	size_t i, j;

	/* Insertion sort keeps the given order of devices with equal risk. */
	for (i = 0; i < session->n_devices; i++) {
		member = members[i];
		member.risk = risk(session, &member);
		for (j = i; j && members[j - 1].risk < member.risk; j--)
			members[j] = members[j - 1];
		members[j] = member;
	}
}
