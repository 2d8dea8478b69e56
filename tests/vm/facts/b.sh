# shellcheck shell=sh
# Finding b: the requests that the kernel refuses, and the errno of each.
TIERS=vm
PHASES=2
DEVICES="edu edu virtio-net nvme-sriov"

long() { printf "%0$1d" 0; }

phase_1() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	modprobe virtio-vfio-pci
	take "$DEV1" "$DEV2"
	TAKE=virtio_vfio_pci take "$DEV3"
	fact "/dev/liveupdate opens" 0 open luo /dev/liveupdate
	fact "2nd open /dev/liveupdate EBUSY" EBUSY open luo2 /dev/liveupdate
	fact "also O_RDONLY" EBUSY open luo2 /dev/liveupdate r

	# Sessions and their names.
	fact "session name: empty EINVAL" EINVAL create x luo
	fact "64 non-NUL EINVAL" EINVAL create x luo "$(long 64)"
	fact "63 OK" 0 create s63 luo "$(long 63)"
	fact "'/' accepted" 0 create x luo a/b
	fact "space accepted" 0 create x luo a%20b
	fact "newline accepted" 0 create x luo a%0ab
	fact "\\x01 accepted" 0 create x luo %01
	fact "CREATE_SESSION" 0 create s luo vm1
	fact "duplicate EEXIST" EEXIST create x luo vm1
	fact "RETRIEVE_SESSION unknown ENOENT" ENOENT session x luo nobody
	fact "RETRIEVE_SESSION of an own outgoing one ENOENT" ENOENT session x luo vm1
	fact "session fds are CLOEXEC" yes cloexec s
	fact "/proc/PID/fd of a session" "anon_inode:?luo_session? vm1" link s
	fact "the name can be asked for" vm1 name s

	# The ioctls themselves.
	fact "ioctl size too small EINVAL" EINVAL raw luo 0xba00 8
	fact "trailing nonzero E2BIG" E2BIG raw luo 0xba00 80 tail
	fact "unknown nr EINVAL" EINVAL raw luo 0xba07 72
	fact "wrong dir ENOTTY" ENOTTY raw luo 0xc048ba00 72
	fact "wrong type ENOTTY" ENOTTY raw luo 0xbb00 72
	fact "NULL EFAULT" EFAULT raw luo 0xba00 null
	fact "size too small EINVAL (session)" EINVAL raw s 0xba40 8
	fact "trailing nonzero E2BIG (session)" E2BIG raw s 0xba40 24 tail
	fact "unknown nr EINVAL (session)" EINVAL raw s 0xba60 16
	fact "wrong dir ENOTTY (session)" ENOTTY raw s 0xc010ba40 16
	fact "NULL EFAULT (session)" EFAULT raw s 0xba40 null

	# Files that no handler preserves.
	must open null /dev/null
	must open i /dev/iommu
	fact "/dev/null ENOENT" ENOENT preserve s null 1
	fact "iommufd ENOENT" ENOENT preserve s i 1
	fact "session fd ENOENT" ENOENT preserve s s 1
	fact "bad fd EBADF" EBADF preserve s 999 1
	must cdev v "$DEV3"
	must bind v i
	fact "other driver variant (virtio_vfio_pci) ENOENT" ENOENT preserve s v 1
	must group g "$DEV2"
	fact "group fd ENOENT" ENOENT preserve s g 1
	must close g
	must close container
	must close group

	# Twice, and tokens.
	must cdev d1 "$DEV1"
	must bind d1 i
	fact "token 0 OK" 0 preserve s d1 0
	must dup d1dup d1
	must create s2 luo vm2
	fact "same fd again, same session EBUSY" EBUSY preserve s d1 1
	fact "same fd again, other session EBUSY" EBUSY preserve s2 d1 1
	fact "same fd again, dup EBUSY" EBUSY preserve s d1dup 1
	must cdev d1b "$DEV1"
	fact "second fd of same device EBUSY" EBUSY preserve s d1b 1
	log_has "and the kernel says why" "$DEV1: Device is already preserved"
	fact "same token same session EEXIST (checked before everything else)" EEXIST preserve s 999 0
	must cdev d2 "$DEV2"
	must bind d2 i
	fact "same token other session OK" 0 preserve s2 d2 0
	must memfd m hello
	fact "token ~0 OK" 0 preserve s m 0xffffffffffffffff
	fact "RETRIEVE on a created session EINVAL" EINVAL retrieve x s 0
	fact "FINISH on a created session EINVAL" EINVAL finish s

	# A session survives the close of /dev/liveupdate, and needs no write access to it.
	fact "closing /dev/liveupdate" 0 close luo
	fact "keeps sessions" vm2 name s2
	must open luo /dev/liveupdate r
	fact "O_RDONLY fd may create sessions" 0 create x luo vm3

	# Virtual functions.
	pf=/sys/bus/pci/devices/$DEV4
	take "$DEV4"
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	must cdev pf "$DEV4"
	must bind pf i
	is "a VF appears" sh -c "echo 1 >$pf/sriov_numvfs"
	must vftoken pf
	vf=$(readlink "$pf/virtfn0")
	vf=${vf##*/}
	[ "$(driver_of "$vf")" = vfio-pci ] || take "$vf"
	must cdev vf "$vf"
	must bind vf i token
	fact "VF ENOENT" ENOENT preserve s vf 5
	fact "PF with active VF: preserve OK" 0 preserve s pf 6
	must close vf
	must close pf
	must close s
	must close d1
	must close d1dup
	must close d1b
	must create s luo vm1
	must cdev d1 "$DEV1"
	must bind d1 i
	must preserve s d1 0
	jump_raw
}

phase_2() {
	# shellcheck source=tests/vm/facts/words
	. words
	holder 0
	load_vfio
	take "$DEV1" "$DEV2"
	must open luo /dev/liveupdate
	must open i /dev/iommu
	fact "same name as an INCOMING session OK" 0 create new luo vm1
	must session s luo vm1
	fact "RETRIEVE_SESSION already retrieved EINVAL" EINVAL session x luo vm1
	fact "a retrieved session is CLOEXEC" yes cloexec s
	fact "incoming and outgoing look the same" "anon_inode:?luo_session? vm1" link s
	fact "unknown token on RETRIEVE_FD ENOENT" ENOENT retrieve x s 77
	must memfd m hello
	fact "PRESERVE on retrieved session EINVAL" EINVAL preserve s m 9
	must retrieve d1 s 0
	must bind d1 i
	fact "FINISH" 0 finish s
}
