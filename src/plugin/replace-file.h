/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef REPLACE_FILE_H
#define REPLACE_FILE_H

/* Writes a file so that everybody sees the old content or the new one, also
   after a crash. A folder that isn't there is made, for its owner only. An
   existing file's mode is kept, and its owner where that is allowed, unless
   the mail user couldn't read it then; a new one is its owner's only. A
   symbolic link is replaced, not followed.

   Where the process is root's, works with the rights of another user who may
   not write there, and nobody but root may, the file is written as root: it
   is then root's, and readable for the user's group. If that user can't read
   it all the same, because of a folder on the way, it isn't written.

   Two at the same time wait for each other. What a killed one left behind
   (.NAME.new) is written over by the next.

   Returns 0, or -1 and half a sentence with the reason. Nothing is changed
   then, unless it says so. */
int replace_file(const char *path, const void *data, size_t size,
		 const char **error_r);

/* Removes the file. Returns 1, 0 if there was none, or -1 as above. */
int remove_file(const char *path, const char **error_r);

/* The content that a file must have for something to be done; size 0: there is
   no file. It is looked at in the same lock in which it is done. */
struct file_content {
	const void *data;
	size_t size;
};

/* As replace_file(), if the file is still as it was seen. Returns 1, 0 if it
   isn't, or -1. */
int replace_file_if(const char *path, const struct file_content *seen,
		    const void *data, size_t size, const char **error_r);
/* The same for a file that many users read: a new one is readable for all, as
   is a folder that is made for it; and the mode of one that is there is kept in
   any case. */
int replace_shared_file_if(const char *path, const struct file_content *seen,
			   const void *data, size_t size,
			   const char **error_r);
/* Removes it, likewise. */
int remove_file_if(const char *path, const struct file_content *seen,
		   const char **error_r);
/* Gives it this other name in the same folder, in the place of the file that
   has it, by one rename; likewise. It keeps the other file's mode, and its
   owner where that is allowed. */
int rename_file_if(const char *path, const struct file_content *seen,
		   const char *new_path, const char **error_r);

#endif
