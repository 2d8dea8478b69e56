# shellcheck shell=sh
# inspect shows each part and how far it can be trusted: before the kexec, after it, after the first open of
# /dev/liveupdate, after restore, after finish. It agrees with the kernel log and with the scenario for each device,
# and reads only a few places of a file of more than four gigabytes.
TIERS="fake vm"
NO_CALLS="the memory of a kernel is nothing that the fake has"
PHASES=2
DEVICES="e1000e edu edu"
QEMU_ARGS="-m 4G"
TIMEOUT=400

# The paragraph of one part in the last report.
part() { # NAME
	sed -n "/^$1 /,\$p" "$STDOUT" | sed -n '1p; 2,${/^[^ ]/q; p}'
}

part_is() { # NAME TRUST [TEXT]
	part "$1" >"$SCN_TMP/part"
	if head -n 1 "$SCN_TMP/part" | grep -q "^$1  *$2  *[^ ]" && tr '\n' ' ' <"$SCN_TMP/part" | tr -s ' ' | grep -qF -e "${3:-}"; then
		pass "$scn_last: $1 is $2${3:+, $3}"
	else
		fail "$scn_last" "$1 is not $2${3:+, $3}: $(cat "$SCN_TMP/part")"
	fi
}

# Prints the devices in those lines of the part that contain this text.
devices_in() { # PART WORDS
	part "$1" | sed -n "s/^  \([0-9a-f]*:[0-9a-f:.]*\)  *$2\$/\1/p" | sort | tr '\n' ' '
}

logged() { # MESSAGE
	dmesg | grep -v ' vlu: ' | sed -n "s/.* \([0-9a-f]*:[0-9a-f]*:[0-9a-f]*\.[0-7]\): $1.*/\1/p" | sort -u | tr '\n' ' '
}

same() { # WHAT VALUE EXPECTED
	if [ "$2" = "$3" ]; then pass "$1 [$2]"; else fail "$1" "$2, expected $3"; fi
}

ours() { printf '%s\n' "$DEV1" "$DEV2" "$PORT1" "$PORT2" | sort | tr '\n' ' '; }

flbs_at() { part "$1" | sed -n 's/.*FLBs at \(0x[0-9a-f]*\).*/\1/p'; }

# inspect opens only files that show the handover, for reading, and makes no call that could change anything.
opens_little() { # WHEN
	in_vm || return 0
	strace -o "$SCN_TMP/trace" vfio-lu inspect >"$SCN_TMP/printed" 2>&1
	sed -n 's/^openat2([^,]*, "\([^"]*\)", {flags=\([^,]*\),.*/\2 \1/p' "$SCN_TMP/trace" >"$SCN_TMP/opens"
	check_that "$1: strace sees its opens" grep -q ' /sys/kernel/debug/kho/out/sub_fdts/LUO$' "$SCN_TMP/opens"
	grep -vE -e '^O_RDONLY[A-Z|_]* (/proc(/[0-9]+/(fd|fdinfo/[0-9]+|comm|stat|cgroup))?|/proc/(kcore|sys/kernel/random/boot_id|device-tree/.*))$' \
		-e '^O_RDONLY[A-Z|_]* (/sys/kernel/debug/kho/.*|/sys/kernel/boot_params/setup_data.*|/dev/kmsg)$' \
		-e '^O_RDONLY[A-Z|_]* ((/run/vfio-lu|/var/lib/vfio-lu)(/[^/]*\.json)?|/run/vfio-lu/holder.managed)$' "$SCN_TMP/opens" >"$SCN_TMP/strange"
	same "$1: it opens nothing else" "$(head -n 3 "$SCN_TMP/strange")" ""
	# the loader's calls come before the first of these; the only writes are the report
	sed '1,/^openat2(/d' "$SCN_TMP/trace" | grep -E '^(open|openat|creat|ioctl|execve|v?fork|clone3?|pwrite64|writev|mkdir|unlink|rename|mount|umount2|finit_module|kexec_[a-z_]*|reboot)\(' \
		>"$SCN_TMP/strange"
	grep '^write(' "$SCN_TMP/trace" | grep -v '^write(1,' >>"$SCN_TMP/strange"
	same "$1: it calls nothing that acts" "$(head -n 3 "$SCN_TMP/strange")" ""
}

phase_1() {
	opens_little "before anything"
	run 0 inspect
	part_is kho-out kernel "kho-v4"
	part_is metadata-out kernel "kexec number 1"
	part_is luo-out kernel "luo-v5, live update 1"
	out_not "-in  "
	run 0 bind "$DEV1" "$DEV2"
	run 0 preserve "$DEV1" "$DEV2"

	opens_little "before the jump"
	run 0 inspect
	part_is luo-out kernel "the kernel writes the sessions at the kexec"
	part_is manifest-vfio-lu saved "session vfio-lu, outgoing: 2 files"
	same "the log's devices are ours" "$(devices_in log "will be handed over")" "$(ours)"
	pid=$(holder_pid)
	part_is processes kernel "process $pid ("
	part_is processes kernel "): session vfio-lu, outgoing"
	part_is processes kernel "): $DEV1"
	flbs=$(flbs_at luo-out)
	keep flbs "$flbs"
	if in_vm; then
		part_is kho-out kernel "LUO 32 bytes at 0x"
		part_is kho-out kernel "debugfs shows only the first 233 of 285 bytes"
		part_is flbs-out kernel "the kernel writes the list at the kexec"
		same "the log's devices are the kernel's" "$(devices_in log "will be handed over")" \
			"$(logged "Device will be preserved across next Live Update")"
		check_that "the manifest has the address of the FLBs" grep -q "\"flbs_pa\": *\"$flbs\"" /var/lib/vfio-lu/vfio-lu.json
	fi
	run 0 inspect --json
	out '"trusted": true'
	out "\"flbs_pa\": \"$flbs\""
	run 0 load "$KERNEL" --initrd "$INITRD" --append "vlu.phase=$((PHASE + 1))"
	run_jump kexec
}

# These results hold until the first finish.
came_over() { # WHEN
	say "$1"
	opens_little "$1"
	run 0 inspect
	part_is kho-in kernel "kho-v4"
	part_is metadata-in kernel "kernel $RELEASE, kexec number 1"
	part_is metadata-out kernel "kernel $RELEASE, kexec number 2"
	part_is luo-in stale "may have reused it since"
	part_is luo-out kernel "live update 2"
	part_is log kernel "luo: Retrieved live update data, liveupdate number: 1"
	same "$1: the log's devices are ours" "$(devices_in log "handed over, not finished")" "$(ours)"
	in_vm || return 0
	part_is boot kernel "tree at 0x"
	part_is flbs-in kernel "/proc/kcore at $(kept flbs)"
	part_is flbs-in kernel "pci 2 files, data at 0x"
	part_is pci-in kernel "pci, versioned 2: 4 devices"
	same "$1: memory's devices are ours" "$(devices_in pci-in "refcount 1")" "$(ours)"
	same "$1: and those of the kernel's log" "$(devices_in pci-in "refcount 1")" \
		"$(logged "Device was preserved by previous kernel across Live Update")"
}

number() { od -An -v -tu8 -j "$2" -N 8 "$1" | tr -d ' '; } # FILE OFFSET

# Every read of /proc/kcore is of its headers, or of an address that --raw shows as read.
reads_little() {
	check_that "/proc/kcore is larger than the memory" test "$(stat -c %s /proc/kcore)" -gt 4294967296
	strace -o "$SCN_TMP/trace" -e trace=openat2,pread64 vfio-lu inspect >"$SCN_TMP/printed"
	fd=$(sed -n 's,^openat2(.*"/proc/kcore".* = \([0-9]*\)$,\1,p' "$SCN_TMP/trace")
	sed -n "s/^pread64($fd, .*, \([0-9]*\), \([0-9]*\)) *= \1\$/\1 \2/p" "$SCN_TMP/trace" >"$SCN_TMP/reads"
	check_that "it is read" test "$(wc -l <"$SCN_TMP/reads")" -gt 4
	same "all of what is read of it is read whole" "$(grep -c "^pread64($fd," "$SCN_TMP/trace")" "$(wc -l <"$SCN_TMP/reads")"
	for name in flbs-in pci-in flbs-out; do
		vfio-lu inspect --raw $name | sed -n 's/.* bytes at \(0x[0-9a-f]*\)$/\1/p'
	done >"$SCN_TMP/addresses"
	# the segment that has all of them
	dd if=/proc/kcore of="$SCN_TMP/head" bs=4096 count=1 2>/dev/null
	address=$(($(head -n 1 "$SCN_TMP/addresses"))) n=0 offset=''
	while [ -z "$offset" ] && [ $n -lt 60 ]; do
		start=$(number "$SCN_TMP/head" $((64 + n * 56 + 24))) size=$(number "$SCN_TMP/head" $((64 + n * 56 + 32)))
		if [ ${#start} -lt 19 ] && [ $((address)) -ge $((start)) ] && [ $((address - start)) -lt $((size)) ]; then
			offset=$(number "$SCN_TMP/head" $((64 + n * 56 + 8)))
		fi
		n=$((n + 1))
	done
	total=0 strange=''
	while read -r size place; do
		total=$((total + size))
		[ "$place" -ge 65536 ] || continue
		at=$(printf '0x%x' $((place - offset + start)))
		grep -qx "$at" "$SCN_TMP/addresses" || strange="$strange $at"
	done <"$SCN_TMP/reads"
	same "it is read at the addresses asked for and nowhere else" "$strange" ""
	check_that "and they are few bytes: $total" test $total -lt 8192
}

phase_2() {
	came_over "before anybody has opened /dev/liveupdate"
	part_is processes kernel "no process has a session"
	part_is manifest-vfio-lu saved "session vfio-lu, incoming: 2 files"
	run 0 inspect --json
	out '"trusted": false'
	out_not '"trusted": null'
	if in_vm; then
		reads_little
		umount /sys/kernel/debug
		run 0 inspect
		part_is kho-in kernel "/proc/kcore at 0x"
		part_is luo-in stale "/proc/kcore at 0x"
		same "without debugfs the devices are ours" "$(devices_in pci-in "refcount 1")" "$(ours)"
		part_is kho-out kernel "! debugfs is not mounted"
		mount -t debugfs debugfs /sys/kernel/debug
		# as under lockdown, where the same call fails in the same way
		run_cmd 0 /usr/bin/setpriv --bounding-set=-sys_rawio --inh-caps=-sys_rawio vfio-lu inspect
		part_is flbs-in kernel "! memory cannot be read: Operation not permitted"
		part_is kho-in kernel "kho-v4"
		part_is log kernel "$DEV1 handed over, not finished"
		modprobe vfio-pci
		: </dev/liveupdate
		came_over "after the first open of /dev/liveupdate"
	fi
	run_as_nobody 0 inspect
	if in_vm; then
		part_is kho-in kernel "! memory cannot be read: Permission denied"
		part_is kho-out kernel "! only root can read debugfs"
		part_is processes kernel "this user cannot see the open files of all processes"
	fi
	run 0 restore
	came_over "after restore"
	part_is processes kernel "): session vfio-lu, incoming"
	part_is processes kernel "): $DEV2"
	in_vm && cp /var/lib/vfio-lu/vfio-lu.json "$SCN_TMP/manifest"
	run 0 finish
	opens_little "after finish"
	run 0 inspect
	part_is luo-in stale
	part_is processes kernel "no process has a session"
	same "the log has them as finished" "$(devices_in log "handed over, finished")" "$(ours)"
	in_vm || return 0
	check_that "finish has removed the manifest" test ! -e /var/lib/vfio-lu/vfio-lu.json
	part flbs-in >"$SCN_TMP/part"
	check_that "and with it the address of the FLBs" grep -q "its address is not known" "$SCN_TMP/part"
	# with the old address, the present content of the memory is not decoded
	cp "$SCN_TMP/manifest" /var/lib/vfio-lu/vfio-lu.json
	run 0 inspect
	part_is flbs-in kernel "/proc/kcore at $(kept flbs)"
	part_is pci-in stale "every device that was handed over is finished"
}
