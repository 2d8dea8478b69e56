/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_PCI_LIVEUPDATE_H
#define _LINUX_PCI_LIVEUPDATE_H

#include <linux/errno.h>
#include <linux/types.h>

struct liveupdate_file_handler;
struct pci_dev;

#ifdef CONFIG_PCI_LIVEUPDATE
int pci_liveupdate_register_flb(struct liveupdate_file_handler *fh);
int pci_liveupdate_preserve(struct pci_dev *dev);
void pci_liveupdate_unpreserve(struct pci_dev *dev);
bool pci_liveupdate_is_incoming(struct pci_dev *dev);
void pci_liveupdate_finish(struct pci_dev *dev);
#else
static inline bool pci_liveupdate_is_incoming(struct pci_dev *dev)
{
	return false;
}
#endif

#endif
