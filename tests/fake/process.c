// SPDX-License-Identifier: GPL-2.0-only
/* The processes of the machine, and their files in /proc. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"

/* A pidfd, since the kernel reuses process ids. */
struct process {
	struct process *next;
	pid_t pid;
	int pidfd;
};

static struct process *processes;

void process_seen(pid_t pid)
{
	struct process *p;
	int pidfd;

	for (p = processes; p; p = p->next)
		if (p->pid == pid)
			return;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return;
	p = calloc(1, sizeof(*p));
	if (!p)
		die("out of memory");
	p->pid = pid;
	p->pidfd = pidfd;
	p->next = processes;
	processes = p;
}

static bool has_ended(const struct process *p, int msec)
{
	struct pollfd poll_one = { .fd = p->pidfd, .events = POLLIN };

	return poll(&poll_one, 1, msec) == 1;
}

void process_reap(void)
{
	struct process **where = &processes, *p;
	char path[64];

	while ((p = *where)) {
		if (!has_ended(p, 0)) {
			where = &p->next;
			continue;
		}
		*where = p->next;
		snprintf(path, sizeof(path), "proc/%d", p->pid);
		tree_remove(path);
		close(p->pidfd);
		free(p);
	}
}

static bool is_pid(const char *name)
{
	return strspn(name, "0123456789") == strlen(name);
}

/*
 * A process that is older than the machine and never called it has none of its files.
 * Skip such processes, since searching all of them is slow and frequent.
 */
static pid_t bystanders[4096];
static struct pollfd bystanders_alive[4096];
static nfds_t n_bystanders;

void process_bystanders(void)
{
	struct rlimit files;
	struct dirent *process;
	DIR *proc = opendir("/proc");
	pid_t pid;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	while (proc && n_bystanders < 4096 && (process = readdir(proc))) {
		pid = is_pid(process->d_name) ? atoi(process->d_name) : 0;
		fd = pid && pid != getpid() ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		if (fd < 0)
			continue;
		bystanders[n_bystanders] = pid;
		bystanders_alive[n_bystanders++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	if (proc)
		closedir(proc);
}

/* Their process ids may be reused. */
static void forget_dead_bystanders(void)
{
	if (poll(bystanders_alive, n_bystanders, 0) <= 0)
		return;
	for (nfds_t i = n_bystanders; i-- > 0; )
		if (bystanders_alive[i].revents) {
			close(bystanders_alive[i].fd);
			bystanders_alive[i] = bystanders_alive[--n_bystanders];
			bystanders[i] = bystanders[n_bystanders];
		}
}

static bool is_bystander(pid_t pid)
{
	for (struct process *p = processes; p; p = p->next)
		if (p->pid == pid)
			return false;
	for (nfds_t i = 0; i < n_bystanders; i++)
		if (bystanders[i] == pid)
			return true;
	return false;
}

/* Returns our file behind a link in /proc/PID/fd, or NULL. */
static struct file *file_of_link(const char *pid, const char *fd)
{
	unsigned long long ino;
	char path[600], text[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, fd);
	n = readlink(path, text, sizeof(text) - 1);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return sscanf(text, "socket:[%llu]", &ino) == 1 ? file_of_inode(ino) : NULL;
}

/* Calls fn for each fd of the process that is a client end of one of our files. */
static void each_file(const char *pid, void (*fn)(pid_t pid, const char *fd, struct file *file))
{
	struct dirent *entry;
	struct file *file;
	char path[300];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		file = file_of_link(pid, entry->d_name);
		if (file)
			fn(atoi(pid), entry->d_name, file);
	}
	if (fds)
		closedir(fds);
}

/* Does the same for every process that could have such a file. */
static void each_holder(void (*fn)(pid_t pid, const char *fd, struct file *file))
{
	struct dirent *process;
	DIR *proc = opendir("/proc");

	forget_dead_bystanders();
	while (proc && (process = readdir(proc)))
		if (is_pid(process->d_name) && atoi(process->d_name) != getpid() &&
		    !is_bystander(atoi(process->d_name)))
			each_file(process->d_name, fn);
	if (proc)
		closedir(proc);
}

static void holder_seen(pid_t pid, const char *fd, struct file *file)
{
	(void)fd, (void)file;
	process_seen(pid);
}

static void signal_all(pid_t but, int signal)
{
	each_holder(holder_seen);
	for (struct process *p = processes; p; p = p->next)
		if (p->pid != but)
			syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0);
}

void process_kill_all(pid_t but)
{
	/*
	 * Stops all before killing any: a parent could start another process when its
	 * child ends.
	 */
	signal_all(but, SIGSTOP);
	signal_all(but, SIGSTOP);
	signal_all(but, SIGKILL);
	for (struct process *p = processes; p; p = p->next)
		if (p->pid != but && !has_ended(p, 5000))
			die("process %d does not die", p->pid);
	process_reap();
}

/* For a machine that is switched off: ends the processes of vfio-lu, but not those of the test. */
void process_end_tools(void)
{
	char path[64], exe[4096];
	ssize_t n;

	each_holder(holder_seen);
	for (struct process *p = processes; p; p = p->next) {
		snprintf(path, sizeof(path), "/proc/%d/exe", p->pid);
		n = readlink(path, exe, sizeof(exe) - 1);
		exe[n < 0 ? 0 : n] = '\0';
		if (strstr(exe, "/vfio-lu-fake"))
			syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	}
}

static void copy_proc(pid_t pid, const char *name)
{
	char from[64], to[64], data[4096];
	size_t n;

	snprintf(from, sizeof(from), "/proc/%d/%s", pid, name);
	snprintf(to, sizeof(to), "proc/%d/%s", pid, name);
	n = tree_read_bytes(from, data, sizeof(data));
	tree_write_bytes(to, data, n);
}

static void show_fd(pid_t pid, const char *fd, struct file *file)
{
	char path[400], to[PATH_SIZE + 1];

	snprintf(path, sizeof(path), "proc/%d/fd/%s", pid, fd);
	/* files of sysfs keep their paths in the tree */
	snprintf(to, sizeof(to), "%s%s", file->kind == FILE_ATTR ? "/" : "", file->path);
	tree_symlink(path, to);
	snprintf(path, sizeof(path), "proc/%d/fdinfo/%s", pid, fd);
	if (file->kind == FILE_VFIO)
		tree_write(path, "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1\nvfio-device-syspath: /%s\n",
			   file->dev->path);
	else
		tree_write(path, "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1\n");
}

/* Shows only the kind of files that do not belong to the fake kernel. */
static void show_memfds(pid_t pid)
{
	char dir[64], path[400], text[256];
	struct dirent *entry;
	DIR *fds;
	ssize_t n;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", pid);
	fds = opendir(dir);
	while (fds && (entry = readdir(fds))) {
		n = readlinkat(dirfd(fds), entry->d_name, text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = '\0';
		snprintf(path, sizeof(path), "proc/%d/fd/%s", pid, entry->d_name);
		if (strncmp(text, "/memfd:", 7) == 0 || strncmp(text, "pipe:", 5) == 0)
			tree_symlink(path, text);
	}
	if (fds)
		closedir(fds);
}

void process_refresh(void)
{
	char path[64];

	each_holder(holder_seen);
	process_reap();
	for (struct process *p = processes; p; p = p->next) {
		snprintf(path, sizeof(path), "proc/%d/fd", p->pid);
		tree_remove(path);
		tree_mkdir(path);
		snprintf(path, sizeof(path), "proc/%d/fdinfo", p->pid);
		tree_remove(path);
		tree_mkdir(path);
		copy_proc(p->pid, "comm");
		copy_proc(p->pid, "cmdline");
		copy_proc(p->pid, "stat");
		copy_proc(p->pid, "status");
		copy_proc(p->pid, "cgroup");
		show_memfds(p->pid);
		/* Not of a process that was just born: nothing would remove its files when it ends. */
		snprintf(path, sizeof(path), "%d", p->pid);
		each_file(path, show_fd);
	}
}

size_t process_poll(void *pollfds, size_t max)
{
	struct pollfd *out = pollfds;
	size_t n = 0;

	for (struct process *p = processes; p && n < max; p = p->next)
		out[n++] = (struct pollfd){ .fd = p->pidfd, .events = POLLIN };
	return n;
}

/* The running commands of vfio-lu. */
void process_state(FILE *out, pid_t but)
{
	char path[64], words[256];
	size_t n;

	each_holder(holder_seen);
	process_reap();
	for (struct process *p = processes; p; p = p->next) {
		snprintf(path, sizeof(path), "/proc/%d/cmdline", p->pid);
		n = tree_read_bytes(path, words, sizeof(words) - 1);
		words[n] = '\0';
		if (p->pid != but && n)
			fprintf(out, "process %s\n", words + strlen(words) + 1);
	}
}
