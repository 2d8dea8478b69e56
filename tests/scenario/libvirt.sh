# shellcheck shell=sh
# Domains of a real libvirtd go through a live update. preserve refuses a device that libvirt took from a driver, since
# libvirtd would hang when the domain ends. A device that vfio-lu had bound is preserved while the domain runs. After
# the kexec, libvirt cannot open a device that is not finished: one domain gets its device through QEMU's monitor, the
# other starts as usual after finish.
# proof: stays-bound pass
# proof: stays-bound fail
TIERS="vm"
ROOT="sid-libvirt"
FLAVOUR="y"
PHASES=2
DEVICES="e1000e edu"
TIMEOUT=1500

# Prints the XML of a guest that runs only its firmware; without a BDF it has no device.
describe() { # NAME [MANAGED BDF]
	cat <<-END
		<domain type='qemu'>
		  <name>$1</name>
		  <memory unit='MiB'>64</memory>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <features><acpi/></features>
		  <devices>
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
	END
	[ $# = 1 ] || cat <<-END
		    <hostdev mode='subsystem' type='pci' managed='$2'>
		      <driver name='vfio' iommufd='yes'/>
		      <source><address domain='0x${3%%:*}' bus='0x$(echo "$3" | cut -d : -f 2)' slot='0x00' function='0x0'/></source>
		    </hostdev>
	END
	echo "</devices></domain>"
}

create() { # EXPECTED-STATUS NAME [MANAGED BDF]
	want=$1
	shift
	describe "$@" >"$SCN_TMP/$1.xml"
	run_cmd "$want" virsh -q create "$SCN_TMP/$1.xml" --paused
}

pid_of() { cat "/run/libvirt/qemu/$1.pid"; } # DOMAIN
ids() { # BDF
	printf '%s:%s\n' "$(sed s/0x// "/sys/bus/pci/devices/$1/vendor")" "$(sed s/0x// "/sys/bus/pci/devices/$1/device")"
}
no_session() { ! "$VFIO_LU" status | grep -q "session  $1 "; }
# Checks that QEMU has the device of the running guest.
guest_has() { # DOMAIN BDF
	run_cmd 0 virsh -q resume "$1"
	run_cmd 0 virsh -q qemu-monitor-command "$1" --hmp "info pci"
	out "PCI device $(ids "$2")"
	run_cmd 0 virsh -q domstate "$1"
	out "running"
}

phase_1() {
	udev_is_done
	check_that "the host's driver has the first device" soon taken_by e1000e "$DEV1"
	create 0 web yes "$DEV1"
	check_that "libvirt bound it" taken_by vfio-pci "$DEV1"
	run 3 check --pid "$(pid_of web)"
	out_re "stays-bound *libvirt bound it to vfio-pci and unbinds it when domain web ends"
	run 3 preserve --pid "$(pid_of web)"
	err "$DEV1: libvirt bound it to vfio-pci and unbinds it when domain web ends"
	err "fix: virsh shutdown web"

	say "So vfio-lu binds it before the domain starts, and libvirt leaves it bound when the domain ends, with any managed=."
	run_cmd 0 virsh -q destroy web
	check_that "libvirt gave it back" taken_by e1000e "$DEV1"
	run 0 bind "$DEV1" "$DEV2"
	create 0 web yes "$DEV1"
	create 0 db no "$DEV2"
	run 0 check -v --pid "$(pid_of web)"
	out_re "stays-bound *pass: libvirt leaves it with vfio-pci when domain web ends"
	run 0 preserve --session web --pid "$(pid_of web)"
	out "$DEV1  preserved in session web"
	run 0 preserve --session db --pid "$(pid_of db)"
	run 0 load "$KERNEL" --initrd "$INITRD" --cmdline "$(next_cmdline)"
	run 3 kexec
	err "in use"
	for domain in web db; do
		run_cmd 0 virsh -q destroy $domain
	done
	check_that "both stay with vfio-pci" test "$(driver_of "$DEV1") $(driver_of "$DEV2")" = "vfio-pci vfio-pci"
	run_jump kexec
}

phase_2() {
	udev_is_done
	run 0 restore --all
	say "libvirt opens a device itself, but until finish only the holder of the session can have it."
	create 1 db no "$DEV2"
	err_re "cannot open.*/dev/vfio/devices/vfio[0-9]*.*: Device or resource busy"

	say "Through its monitor QEMU gets the restored file."
	create 0 web
	run 0 run --session web --finish --timeout 400 -- /usr/share/vfio-lu/examples/libvirt-attach web '{iommufd}' "{$DEV1}"
	check_that "and the live update of it ends by itself" soon no_session web
	guest_has web "$DEV1"
	run_cmd 0 virsh -q destroy web

	say "After finish it is an ordinary device, and the domain starts as before."
	run 0 finish --session db
	create 0 db no "$DEV2"
	guest_has db "$DEV2"
	run 0 preserve --session db --pid "$(pid_of db)"
	run_cmd 0 virsh -q destroy db
	run 0 release --session db
	run 0 status
	out "no sessions"
	klog "vfio-pci $DEV1: Device is finished participating in Live Update"
	klog "vfio-pci $DEV2: Device is finished participating in Live Update"
}
