/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef FILE_RIGHTS_H
#define FILE_RIGHTS_H

/* With whose rights a file is written, and whether its reader gets to it.
   replace-file.h says what that is for. */

/* A process of root's may work with the rights of a mail user for a while
   (doveadm). Where that user can't write the file's folder, but nobody else can
   either, this makes the process root again. Returns the user to go back to, or
   -1 if nothing has changed. */
uid_t file_rights_become_root_for(const char *path);
/* Goes back; -1: nothing to do. errno is kept. */
void file_rights_become_user_again(uid_t uid);

/* Tries to open the file as its reader, by the way that he has to take; reader
   is a user that the process became root from, or -1: it is the reader itself.
   Returns 0, or -1 and half a sentence. */
int file_rights_try_to_read(const char *path, uid_t reader,
			    const char **error_r);

/* Half a sentence: what has failed and errno; and if a folder on the way to the
   file can't be searched, which one. */
const char *file_rights_why(const char *what, const char *path);

#endif
