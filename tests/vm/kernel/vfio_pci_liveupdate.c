// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test kernel's LUO file handler for device files of vfio-pci.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/liveupdate.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/vfio.h>
#include <linux/vfio_liveupdate.h>
#include <linux/vfio_pci_core.h>

struct vfio_pci_ser {
	u32 domain;
	u16 bdf;
} __packed;

/* Identify the plain driver; the variants have operations of their own. */
static const struct vfio_device_ops *vfio_pci_plain_ops;

static struct vfio_pci_core_device *vfio_pci_liveupdate_vdev(struct file *file)
{
	return container_of(vfio_liveupdate_file_device(file),
			    struct vfio_pci_core_device, vdev);
}

static bool vfio_pci_liveupdate_can_preserve(struct liveupdate_file_handler *fh,
					     struct file *file)
{
	struct vfio_device *device = vfio_liveupdate_file_device(file);
	struct pci_dev *pdev;

	if (!device || device->ops != vfio_pci_plain_ops)
		return false;

	/*
	 * Also keeps group files out: a device is not open by both at once.
	 * It is the device that counts, not this very file.
	 */
	if (!vfio_device_cdev_opened(device))
		return false;

	pdev = to_pci_dev(device->dev);
	if (pdev->is_virtfn)
		return false;

	/* These reach into more of the host than their own registers. */
	if (pdev->vendor == PCI_VENDOR_ID_INTEL &&
	    pdev->class >> 16 == PCI_BASE_CLASS_DISPLAY)
		return false;

	return !IS_ENABLED(CONFIG_VFIO_PCI_ZDEV_KVM);
}

static int vfio_pci_liveupdate_preserve(struct liveupdate_file_op_args *args)
{
	struct pci_dev *pdev = vfio_pci_liveupdate_vdev(args->file)->pdev;
	struct vfio_pci_ser *ser;
	int err;

	err = pci_liveupdate_preserve(pdev);
	if (err)
		return err;

	ser = kho_alloc_preserve(sizeof(*ser));
	if (IS_ERR(ser)) {
		pci_liveupdate_unpreserve(pdev);
		return PTR_ERR(ser);
	}

	ser->domain = pci_domain_nr(pdev->bus);
	ser->bdf = pci_dev_id(pdev);
	args->serialized_data = virt_to_phys(ser);

	return 0;
}

static void vfio_pci_liveupdate_unpreserve(struct liveupdate_file_op_args *args)
{
	kho_unpreserve_free(phys_to_virt(args->serialized_data));
	pci_liveupdate_unpreserve(vfio_pci_liveupdate_vdev(args->file)->pdev);
}

/* The state saved at open has bus mastering off, so it is off afterwards. */
static void vfio_pci_liveupdate_quiesce(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct pci_dev *bridge = pci_upstream_bridge(pdev);

	pci_clear_master(pdev);

	if (!vdev->reset_works || !vdev->pci_saved_state)
		return;

	/*
	 * An unbind that waits for this very file holds the lock. Then the
	 * device stays as it is: better than a kexec that never returns.
	 */
	if (bridge && !pci_dev_trylock(bridge))
		return;

	if (pci_dev_trylock(pdev)) {
		if (!pci_load_saved_state(pdev, vdev->pci_saved_state)) {
			__pci_reset_function_locked(pdev);
			pci_restore_state(pdev);
		}
		pci_dev_unlock(pdev);
	}

	if (bridge)
		pci_dev_unlock(bridge);
}

static int vfio_pci_liveupdate_freeze(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_core_device *vdev = vfio_pci_liveupdate_vdev(args->file);
	struct pci_dev *pdev = vdev->pdev;

	guard(mutex)(&vdev->vdev.dev_set->lock);

	scoped_guard(mutex, &vdev->igate) {
		if (vdev->irq_type != VFIO_PCI_NUM_IRQS) {
			pci_err(pdev, "Freeze failed! Interrupts are still enabled.\n");
			return -EINVAL;
		}
	}

	if (pdev->current_state != PCI_D0) {
		pci_err(pdev, "Freeze failed! Device not in D0 state.\n");
		return -EINVAL;
	}

	/* For good: only a new probe makes a device whose state is known. */
	WRITE_ONCE(vdev->vdev.liveupdate_frozen, true);
	vfio_pci_liveupdate_quiesce(vdev);

	return 0;
}

static int vfio_pci_liveupdate_retrieve(struct liveupdate_file_op_args *args)
{
	struct vfio_pci_ser *ser = phys_to_virt(args->serialized_data);
	struct pci_dev *pdev;
	struct file *file;

	pdev = pci_get_domain_bus_and_slot(ser->domain,
					   PCI_BUS_NUM(ser->bdf),
					   ser->bdf & 0xff);
	if (!pdev)
		return -ENODEV;

	file = vfio_liveupdate_open(&pdev->dev, vfio_pci_plain_ops);
	pci_dev_put(pdev);
	if (IS_ERR(file))
		return PTR_ERR(file);

	args->file = file;

	return 0;
}

static bool vfio_pci_liveupdate_can_finish(struct liveupdate_file_op_args *args)
{
	struct vfio_device *device;

	if (args->retrieve_status <= 0)
		return false;

	device = vfio_liveupdate_file_device(args->file);
	guard(mutex)(&device->dev_set->lock);

	return vfio_device_cdev_opened(device);
}

static void vfio_pci_liveupdate_finish(struct liveupdate_file_op_args *args)
{
	pci_liveupdate_finish(vfio_pci_liveupdate_vdev(args->file)->pdev);
	kho_restore_free(phys_to_virt(args->serialized_data));
}

static const struct liveupdate_file_ops vfio_pci_liveupdate_file_ops = {
	.can_preserve	= vfio_pci_liveupdate_can_preserve,
	.preserve	= vfio_pci_liveupdate_preserve,
	.unpreserve	= vfio_pci_liveupdate_unpreserve,
	.freeze		= vfio_pci_liveupdate_freeze,
	.retrieve	= vfio_pci_liveupdate_retrieve,
	.can_finish	= vfio_pci_liveupdate_can_finish,
	.finish		= vfio_pci_liveupdate_finish,
	.owner		= THIS_MODULE,
};

static struct liveupdate_file_handler vfio_pci_liveupdate_handler = {
	.ops = &vfio_pci_liveupdate_file_ops,
	.compatible = "vfio-pci-v1",
};

static bool vfio_pci_liveupdate_registered;

/* A failure costs live updates, not the driver. */
void __init vfio_pci_liveupdate_init(const struct vfio_device_ops *ops)
{
	int err;

	vfio_pci_plain_ops = ops;

	err = liveupdate_register_file_handler(&vfio_pci_liveupdate_handler);
	if (err)
		goto out;

	err = pci_liveupdate_register_flb(&vfio_pci_liveupdate_handler);
	if (err) {
		liveupdate_unregister_file_handler(&vfio_pci_liveupdate_handler);
		goto out;
	}

	vfio_pci_liveupdate_registered = true;
out:
	if (err && err != -EOPNOTSUPP)
		pr_err("Could not register for live updates: %pe\n",
		       ERR_PTR(err));
}

void vfio_pci_liveupdate_exit(void)
{
	/* Takes the FLB with it. */
	if (vfio_pci_liveupdate_registered)
		liveupdate_unregister_file_handler(&vfio_pci_liveupdate_handler);
}
