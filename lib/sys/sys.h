/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel boundary: one vector of operations for everything that the library asks of
 * the machine.
 *
 * Paths are absolute and resolved below root_fd, so the same code reads "/" and a
 * captured tree. Every operation returns a value >= 0 or a negative errno.
 */
#ifndef VLU_SYS_SYS_H
#define VLU_SYS_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct recorder;
struct sys;
struct witness;
struct writers;

/* How a child process is run; see sys_ops.spawn. */
enum sys_spawn {
	SYS_SPAWN_WAIT,		/* wait for it, return its exit status */
	SYS_SPAWN_DETACH,	/* in a session of its own, without the caller's files; return its pid */
	/*
	 * Once this process has called exec or has ended, start the program, with the stderr of
	 * this process but not as a child of this process. Returns a pipe; a byte written to it
	 * cancels the start.
	 */
	SYS_SPAWN_BESIDE,
};

/* One moment on each clock; -1: the machine has no such clock. */
struct sys_time {
	int64_t wall;		/* nanoseconds since 1970 */
	int64_t boot;		/* nanoseconds since this kernel started */
	int64_t counter;	/* the processor's counter, which a kexec does not reset; any rate */
};

/*
 * What changes with the content of a file. A user can set `modified`, but not `changed`.
 */
struct sys_stamp {
	uint64_t device, inode;
	int64_t size;
	int64_t modified, changed;	/* nanoseconds since 1970 */
};

/* The most files in one packet, below SCM_MAX_FD (include/net/scm.h). */
#define SYS_FILES	128
/* The most threads that wait in the kernel at the same time. */
#define SYS_THREADS	64

struct sys_ops {
	/* flags as in open(2), plus O_CLOEXEC; the mode is 0600 */
	int (*open)(struct sys *sys, const char *path, int flags);
	ssize_t (*read)(struct sys *sys, int fd, void *buf, size_t size);
	ssize_t (*pread)(struct sys *sys, int fd, void *buf, size_t size,
			 off_t offset);
	ssize_t (*write)(struct sys *sys, int fd, const void *buf, size_t size);
	int (*close)(struct sys *sys, int fd);
	int (*ioctl)(struct sys *sys, int fd, unsigned long request, void *arg);
	/* adds a NUL; -ENAMETOOLONG if the target does not fit */
	ssize_t (*readlink)(struct sys *sys, const char *path, char *buf,
			    size_t size);
	/* returns the st_mode of the file that the path leads to */
	int (*mode)(struct sys *sys, const char *path);
	/*
	 * May be NULL. Returns what mode() returns, and sets *ret_number to the number of a device
	 * node, or to 0 for any other file. Does not ask a file server, which may not answer.
	 */
	int (*node)(struct sys *sys, const char *path, dev_t *ret_number);
	/*
	 * Opens a block device exclusively and closes it again. Fails with -EBUSY if it is
	 * mounted, part of another device, or in other use by the kernel
	 * (bd_prepare_to_claim(), block/bdev.c), and with -ENXIO if its number differs.
	 */
	int (*claim)(struct sys *sys, const char *path, dev_t number);
	/* returns the size in bytes of the file that the path leads to */
	off_t (*size)(struct sys *sys, const char *path);
	/* may be NULL; fails with -EINVAL if the path leads to no regular file */
	int (*stamp)(struct sys *sys, const char *path, struct sys_stamp *ret_stamp);
	/* calls fn for each entry but "." and "..", unsorted, until it returns non-zero */
	int (*list)(struct sys *sys, const char *path,
		    int (*fn)(void *arg, const char *name), void *arg);
	/*
	 * NULL on a machine. The recorder (capture/recorder.h) writes the data into the file at
	 * path of the captured tree: an answer that was not read from a file.
	 */
	void (*note)(struct sys *sys, const char *path, const void *data, size_t size);

	/*
	 * For vfio-lu's own files. mkdir makes a directory (0700). replace gives a file new
	 * content atomically; users who may list its directory may read it. For a device node or
	 * a FIFO it fails with -EINVAL.
	 */
	int (*mkdir)(struct sys *sys, const char *path);
	int (*replace)(struct sys *sys, const char *path, const void *data,
		       size_t size);
	int (*unlink)(struct sys *sys, const char *path);
	/* takes an exclusive flock, or a shared one if read_only; -EWOULDBLOCK if it is taken */
	int (*lock)(struct sys *sys, const char *path);
	/*
	 * Has a child make one write to the file at path, since the write may block where
	 * no signal is delivered. Returns a descriptor that becomes readable when the write
	 * has ended, and the child's pid.
	 */
	int (*write_start)(struct sys *sys, const char *path, const void *data,
			   size_t size, pid_t *ret_pid);
	/* Waits for the write. Returns the result of write(2), or why it was not made. */
	ssize_t (*write_end)(struct sys *sys, int fd);
	/* Stops waiting. The child ends when its write returns. */
	void (*write_leave)(struct sys *sys, int fd);
	/* Ends the idle children. May be NULL if write_start() makes no children. */
	void (*writers_end)(struct sys *sys);
	/* makes a sealed memfd with this content */
	int (*memfd)(struct sys *sys, const char *name, const void *data,
		     size_t size);

	/* Unix sockets with packets, each of which carries up to SYS_FILES files */
	int (*listen)(struct sys *sys, const char *path);
	/* -EAGAIN: the listener's queue is full */
	int (*connect)(struct sys *sys, const char *path);
	int (*accept)(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid);
	ssize_t (*send)(struct sys *sys, int fd, const void *buf, size_t size,
			const int *fds, size_t n_fds);
	/* receives at most *n_fds files; if more were sent, it keeps none */
	ssize_t (*recv)(struct sys *sys, int fd, void *buf, size_t size, int *fds,
			size_t *n_fds);
	/* returns the index of a readable fd, or -ETIMEDOUT; an fd of -1 is ignored */
	int (*wait)(struct sys *sys, const int *fds, size_t nfds, int msec);
	int (*pipe)(struct sys *sys, int ret_ends[2]);
	/*
	 * May be NULL. Opens a socket for packets to the service manager that started this
	 * process, or fails with -ENOENT. Sending never waits; -EAGAIN: no room.
	 */
	int (*notify_socket)(struct sys *sys);
	/*
	 * May be NULL. Writes one record of fields "FIELD=value" to the journal, MESSAGE
	 * first. priority is one of syslog(3). Without a journal, MESSAGE goes to syslog(3).
	 * Does not wait for the journal; -EAGAIN: no room. syslog(3) may wait.
	 */
	int (*journal)(struct sys *sys, int priority, const char *const *fields, size_t n);

	/*
	 * Executes file, a path or a name, in a child process with this argv. With
	 * SYS_SPAWN_WAIT, text, which may be NULL, gets the child's stdout and stderr.
	 */
	int (*spawn)(struct sys *sys, const char *file, char *const argv[],
		     enum sys_spawn how, char *text, size_t text_size);
	/* writes file data to the disks, sync(2) */
	void (*sync)(struct sys *sys);
	int (*load_module)(struct sys *sys, const char *name);
	/* returns the exit status of a detached child, or -EAGAIN while it runs */
	int (*reap)(struct sys *sys, pid_t pid);
	/*
	 * The members start() and end() are either both NULL or both set. Starts a child in a
	 * process group of its own and returns its pid. The kernel kills the child when this
	 * process ends. fds are the files 0, 1, 2, ... of the child; it has no others.
	 */
	int (*start)(struct sys *sys, const char *path, char *const argv[], const int *fds,
		     size_t n);
	/* Kills the child's process group and waits. Returns the exit status, or 128 + signal. */
	int (*end)(struct sys *sys, pid_t pid);
	/* returns a duplicate of the file that a process has open as fd */
	int (*take)(struct sys *sys, pid_t pid, int fd);
	/*
	 * Prepares for exec: fds become 3, 4, ... and are inherited, all others from 3 on
	 * are closed by exec. After a failure fds must not be used.
	 */
	int (*pass)(struct sys *sys, const int *fds, size_t n);
	uid_t (*euid)(struct sys *sys);
	/* May be NULL. Reads all clocks, without a system call where possible. */
	void (*now)(struct sys *sys, struct sys_time *ret_now);
	/*
	 * Calls fn(arg) in n threads, or in fewer if n is above SYS_THREADS or if threads cannot be
	 * started. If this is NULL, fn runs once, in the calling thread, so the operations that fn
	 * calls come in a fixed order.
	 */
	void (*together)(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg);

	/* The operations below change the calling process itself. All may be NULL. */
	/* raises the limit of open files as far as possible, and returns the limit */
	int (*max_files)(struct sys *sys);
	/* locks the process in memory and makes it ignore SIGHUP, SIGTERM and the like */
	int (*harden)(struct sys *sys);
	/*
	 * dir is an open "/dev". If the mount of /dev has been moved, as when an initrd switches to
	 * the root file system, the directory above /dev becomes the root of this process.
	 */
	int (*follow)(struct sys *sys, int dir);
};

/* An open directory, see sys_near(). */
struct near {
	int fd;			/* -1: it could not be opened */
	char path[64];		/* "/sys/bus/pci/devices/0000:01:00.0/" */
	size_t size;
};
#define SYS_NEAR	5

struct sys {
	const struct sys_ops *ops;
	int root_fd;
	struct near near[SYS_NEAR];
	size_t n_near;
	/* Set for commands that change nothing, and for --dry-run: sys.c refuses every change. */
	bool read_only;
	bool root_is_slash;
	struct recorder *recorder;	/* capture/recorder.h; NULL: no recording */
	struct witness *witness;	/* capture/witness.h; NULL: reads are not noted */
	struct writers *writers;	/* children for writes, real-writers.c */
};

extern const struct sys_ops sys_real_ops;

int sys_init(struct sys *sys, const struct sys_ops *ops, const char *root);
void sys_exit(struct sys *sys);

/*
 * Opens the directory dir to speed up the lookup of paths below it. If dir is a link, target is
 * the directory to which it leads, or NULL if that is not known. A NULL dir drops the last
 * directory; the caller keeps at most SYS_NEAR. Has no other effect.
 */
void sys_near(struct sys *sys, const char *dir, const char *target);

/* Makes a view of the same machine for another thread, without near directories. */
void sys_view(const struct sys *sys, struct sys *ret_view);

/*
 * The gate. These functions do not return -EINTR. All code calls them; only the operations of
 * capture/ (recorder.c, witness.c, tree-copy.c) sit below the gate and call the machine's ops.
 */
int sys_open(struct sys *sys, const char *path, int flags);
ssize_t sys_read(struct sys *sys, int fd, void *buf, size_t size);
ssize_t sys_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset);
ssize_t sys_write(struct sys *sys, int fd, const void *buf, size_t size);
int sys_close(struct sys *sys, int fd);
int sys_ioctl(struct sys *sys, int fd, unsigned long request, void *arg);
ssize_t sys_readlink(struct sys *sys, const char *path, char *buf, size_t size);
int sys_mode(struct sys *sys, const char *path);
int sys_node(struct sys *sys, const char *path, dev_t *ret_number);
int sys_claim(struct sys *sys, const char *path, dev_t number);
off_t sys_size(struct sys *sys, const char *path);
int sys_stamp(struct sys *sys, const char *path, struct sys_stamp *ret_stamp);
bool sys_exists(struct sys *sys, const char *path);
int sys_list(struct sys *sys, const char *path,
	     int (*fn)(void *arg, const char *name), void *arg);
/* Does nothing unless the machine is being captured. */
void sys_note(struct sys *sys, const char *path, const void *data, size_t size);
int sys_mkdir(struct sys *sys, const char *path);
int sys_replace(struct sys *sys, const char *path, const void *data, size_t size);
int sys_unlink(struct sys *sys, const char *path);
int sys_lock(struct sys *sys, const char *path);
int sys_write_start(struct sys *sys, const char *path, const void *data, size_t size,
		    pid_t *ret_pid);
ssize_t sys_write_end(struct sys *sys, int fd);
void sys_write_leave(struct sys *sys, int fd);
void sys_writers_end(struct sys *sys);
int sys_memfd(struct sys *sys, const char *name, const void *data, size_t size);
int sys_listen(struct sys *sys, const char *path);
int sys_connect(struct sys *sys, const char *path);
int sys_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid);
ssize_t sys_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
		 size_t n_fds);
ssize_t sys_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds,
		 size_t *n_fds);
int sys_wait(struct sys *sys, const int *fds, size_t nfds, int msec);
int sys_pipe(struct sys *sys, int ret_ends[2]);
int sys_notify_socket(struct sys *sys);
int sys_journal(struct sys *sys, int priority, const char *const *fields, size_t n);
int sys_spawn(struct sys *sys, const char *file, char *const argv[],
	      enum sys_spawn how, char *text, size_t text_size);
int sys_sync(struct sys *sys);
int sys_load_module(struct sys *sys, const char *name);
int sys_reap(struct sys *sys, pid_t pid);
int sys_start(struct sys *sys, const char *path, char *const argv[], const int *fds, size_t n);
int sys_end(struct sys *sys, pid_t pid);
int sys_take(struct sys *sys, pid_t pid, int fd);
int sys_pass(struct sys *sys, const int *fds, size_t n);
uid_t sys_euid(struct sys *sys);
void sys_now(struct sys *sys, struct sys_time *ret_now);
/*
 * Calls fn(arg) in 1 to n threads, which share the work among themselves. fn may call the
 * kernel, but must not change the context.
 */
void sys_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg);
int sys_max_files(struct sys *sys);
int sys_harden(struct sys *sys);
int sys_follow(struct sys *sys, int dir);

#endif
