# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds the Debian mirror and the keys that this machine uses for its own packages.
mirror() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v own="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" '
			$2 != "main" { next }
			$1 == own || $1 ~ /^(stable|oldstable|testing|bookworm|trixie|forky|sid|unstable)$/ { print $3; exit }'
}

keyrings() { # mirror
	local files=() file
	shopt -s nullglob
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -e "$file" ] || files+=("$file")
	done
	{
		[ ${#files[@]} = 0 ] ||
			grep -hF "${1%/}" "${files[@]}" | sed -n 's/^deb.*signed-by=\([^] ]*\).*/\1/Ip'
		awk -v RS= -v mirror="${1%/}" 'index($0, mirror)' /etc/apt/sources.list.d/*.sources /dev/null |
			sed -n 's/^Signed-By:[[:space:]]*//Ip'
		echo /usr/share/keyrings/debian-archive-keyring.gpg
		shopt -u nullglob
	} | tr -s ', ' '\n' | while read -r file; do
		[ "${file#/}" = "$file" ] || [ ! -r "$file" ] || echo "$file"
	done | sort -u | paste -sd,
}
