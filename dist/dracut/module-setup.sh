#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dracut, modules.d/90vfio-lu: runs vfio-lu restore before udev loads a driver.

check() { require_binaries @SBINDIR@/vfio-lu; }

depends() { return 0; }

installkernel() { hostonly='' instmods vfio-pci iommufd vfio_iommu_type1; }

install() {
	inst_binary @SBINDIR@/vfio-lu /sbin/vfio-lu
	# the libraries that it loads, which inst_binary cannot see
	inst_libdir_file @LATE@
	inst_simple @LIBEXECDIR@/vfio-lu-restore /sbin/vfio-lu-restore
	# shellcheck disable=SC2154 # moddir is dracut's
	inst_hook pre-udev 00 "$moddir/vfio-lu-pre-udev.sh"
}
